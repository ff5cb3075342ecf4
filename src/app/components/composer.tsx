import { useEffect, useRef } from 'preact/hooks';
import { SendIcon, StopIcon } from './icons.tsx';
import { usePage } from './page_context.ts';

/** Where a message is written: Enter sends, Shift and Enter makes a new line. */
export function Composer({ onSend }: { onSend: () => void }) {
  const { chat } = usePage();
  const { draft, busy } = chat;
  const area = useRef<HTMLTextAreaElement>(null);

  // On a touch screen the keyboard would cover half of the page before anyone asked for it.
  useEffect(() => {
    if (matchMedia('(pointer: fine)').matches) area.current!.focus();
  }, []);

  const send = () => {
    if (draft.value.trim() === '' || busy.value) return;
    onSend();
    void chat.send();
    area.current!.focus();
  };

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div class="composer-text" data-text={`${draft.value} `}>
        <textarea
          ref={area}
          rows={1}
          data-testid="composer"
          aria-label="Message"
          placeholder="Write a message"
          enterkeyhint="send"
          value={draft.value}
          onInput={({ currentTarget }) => {
            draft.value = currentTarget.value;
          }}
          onKeyDown={(event) => {
            // While an input method composes, Enter takes its suggestion.
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
      </div>
      {busy.value ? (
        <button
          key="stop"
          type="button"
          class="button primary round"
          data-testid="stop"
          onClick={() => void chat.stop()}
        >
          <StopIcon />
          <span class="visually-hidden">Stop</span>
        </button>
      ) : (
        <button
          key="send"
          type="submit"
          class="button primary round"
          data-testid="send"
          disabled={draft.value.trim() === ''}
        >
          <SendIcon />
          <span class="visually-hidden">Send</span>
        </button>
      )}
    </form>
  );
}
