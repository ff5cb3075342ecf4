/** What the user wrote, as it was written. */
export function Question({ content }: { content: string }) {
  return (
    <div class="question">
      <span class="visually-hidden">You: </span>
      <div class="question-text" data-testid="question" dir="auto">
        {content}
      </div>
    </div>
  );
}
