import { useRef } from 'preact/hooks';
import type { LoadedModel } from '../../worker/protocol.ts';
import { useStickyScroll } from '../use_sticky_scroll.ts';
import { Composer } from './composer.tsx';
import { DownIcon } from './icons.tsx';
import { Instrument } from './instrument.tsx';
import { MessageLog } from './message_log.tsx';
import { Notice } from './notice.tsx';
import { usePage } from './page_context.ts';

/** The conversation, with the layers beside it. */
export function Chat({ name, model }: { name: string; model: LoadedModel }) {
  const { models, chat } = usePage();
  const scroller = useRef<HTMLElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const { atEnd, scrollToEnd } = useStickyScroll(scroller, content);
  const failure = models.failure.value;
  const last = chat.conversation.value.at(-1);
  // The answer that the failure broke off has said it.
  const told = last?.role === 'assistant' && last.failure?.name === failure?.name;
  return (
    <>
      <Instrument model={model} />
      <main class="chat" tabIndex={-1}>
        <section ref={scroller} class="scroller" aria-label="Conversation">
          <div ref={content} class="column log">
            <MessageLog name={name} model={model} />
          </div>
        </section>
        <div class="column foot">
          {!atEnd.value && (
            <button type="button" class="button to-end" onClick={scrollToEnd}>
              <DownIcon />
              <span class="visually-hidden">To the latest message</span>
            </button>
          )}
          {failure && !told && <Notice failure={failure} alert onDismiss={models.dismissFailure} />}
          <Composer onSend={scrollToEnd} />
        </div>
      </main>
    </>
  );
}
