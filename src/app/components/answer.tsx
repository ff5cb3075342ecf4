import { memo } from 'preact/compat';
import type { Answer as AnswerTurn } from '../conversation_store.ts';
import { formatPercent } from '../format.ts';
import { AnswerStatistics } from './answer_statistics.tsx';
import { AnswerText } from './answer_text.tsx';
import { CopyButton } from './copy_button.tsx';
import { Notice } from './notice.tsx';
import { usePage } from './page_context.ts';

/** One answer: its text, how it ended, and its figures. Only the last one can be asked for again. */
export const Answer = memo(({ answer, last }: { answer: AnswerTurn; last: boolean }) => {
  const { content, state, failure, finishReason, statistics } = answer;
  return (
    <article class="answer" data-testid="answer" data-state={state} aria-label="Answer">
      {state === 'streaming' && content === '' && <Thinking />}
      <AnswerText content={content} streaming={state === 'streaming'} />
      {failure && <Notice failure={last ? failure : { ...failure, remedies: [] }} />}
      {state === 'done' && (
        <footer class="answer-foot">
          <CopyButton text={content} />
          {finishReason === 'cancelled' && <span>Stopped</span>}
          {finishReason === 'length' && <span>Cut at the longest answer that is set</span>}
          {statistics && <AnswerStatistics statistics={statistics} />}
        </footer>
      )}
    </article>
  );
});

/** Before the first word: the prompt goes through the layers. */
function Thinking() {
  const prefill = usePage().chat.prefill.value;
  return (
    <p class="thinking">
      Reading the prompt{prefill !== null && prefill > 0 && ` · ${formatPercent(prefill)}`}
    </p>
  );
}
