/** What the user wrote, as it was written. */
export function Question({ content }: { content: string }) {
  return (
    <div class="question" data-testid="question" dir="auto">
      <span class="visually-hidden">You: </span>
      {content}
    </div>
  );
}
