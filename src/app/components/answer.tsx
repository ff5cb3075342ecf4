import type { Answer as AnswerTurn } from '../conversation_store.ts';
import { formatPercent } from '../format.ts';
import { memo } from '../memo.ts';
import { AnswerStatistics } from './answer_statistics.tsx';
import { AnswerText } from './answer_text.tsx';
import { CopyButton } from './copy_button.tsx';
import { Notice } from './notice.tsx';
import { usePage } from './page_context.ts';
import { Thinking } from './thinking.tsx';

/** One answer: its text, how it ended, and its figures. Only the last one can be asked for again. */
export const Answer = memo(({ answer, last }: { answer: AnswerTurn; last: boolean }) => {
  const { content, thinking, state, failure, statistics } = answer;
  const ending = endingOf(answer);
  return (
    <article class="answer" data-testid="answer" data-state={state} aria-label="Answer">
      {thinking !== '' && <Thinking thinking={thinking} />}
      <AnswerText content={content} streaming={state === 'streaming'} />
      {failure && <Notice failure={last ? failure : { ...failure, remedies: [] }} />}
      {state !== 'error' && (
        <footer class="answer-foot">
          {state === 'streaming' && <Progress doing={doingOf(answer)} />}
          {state === 'done' && content !== '' && <CopyButton text={content} />}
          {ending && <span>{ending}</span>}
          {statistics && <AnswerStatistics statistics={statistics} />}
        </footer>
      )}
    </article>
  );
});

function doingOf({ content, thinking }: AnswerTurn) {
  if (content !== '') return 'writing';
  return thinking === '' ? 'reading' : 'thinking';
}

/** In the place where the figures will stand. */
function Progress({ doing }: { doing: 'reading' | 'thinking' | 'writing' }) {
  const prefill = usePage().chat.prefill.value;
  const reading = doing === 'reading';
  return (
    <span class="working" data-testid={reading ? 'reading' : undefined}>
      {doing === 'writing' && 'Writing'}
      {doing === 'thinking' && 'Thinking'}
      {reading && 'Reading the prompt'}
      {reading && prefill !== null && prefill > 0 && `, ${formatPercent(prefill)}`}
    </span>
  );
}

/** Said where the model did not end the answer by itself. */
function endingOf({ state, content, finishReason }: AnswerTurn): string | null {
  if (state !== 'done') return null;
  if (finishReason === 'cancelled') {
    return content === '' ? 'Stopped before the first word' : 'Stopped';
  }
  if (finishReason === 'length') return 'Cut off at the longest answer that is set';
  return content === '' ? 'The model had nothing to say' : null;
}
