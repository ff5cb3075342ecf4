/** What the model thought before it answered, folded away: it is no part of the answer. */
export function Thinking({ thinking, ended }: { thinking: string; ended: boolean }) {
  return (
    <details class="thinking" data-testid="thinking">
      <summary>{ended ? 'Thoughts' : 'Thinking'}</summary>
      <p dir="auto">{thinking}</p>
    </details>
  );
}
