/** What the user wrote, as it was written. */
export function Question({ content }: { content: string }) {
  return (
    <div class="question" data-testid="question">
      <span class="visually-hidden">You: </span>
      {content}
    </div>
  );
}
