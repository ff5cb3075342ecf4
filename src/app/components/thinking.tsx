/** What the model thought before it answered, folded away: it is no part of the answer. */
export function Thinking({ thinking }: { thinking: string }) {
  return (
    <details class="thinking" data-testid="thinking">
      <summary>Thoughts</summary>
      <p dir="auto">{thinking}</p>
    </details>
  );
}
