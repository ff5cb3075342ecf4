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
  const { models } = usePage();
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const { atEnd, scrollToEnd } = useStickyScroll(scroller, content);
  const failure = models.failure.value;
  return (
    <>
      <Instrument model={model} />
      <main class="chat">
        <div ref={scroller} class="scroller">
          <div ref={content} class="column log">
            <MessageLog name={name} model={model} />
          </div>
        </div>
        <div class="column foot">
          {!atEnd.value && (
            <button type="button" class="button to-end" onClick={scrollToEnd}>
              <DownIcon />
              <span class="visually-hidden">To the latest message</span>
            </button>
          )}
          {failure && <Notice failure={failure} onDismiss={models.dismissFailure} />}
          <Composer onSend={scrollToEnd} />
        </div>
      </main>
    </>
  );
}
