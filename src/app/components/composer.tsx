import { useEffect } from 'preact/hooks';
import { COMPOSER, focusComposer } from '../focus_composer.ts';
import { SendIcon, StopIcon } from './icons.tsx';
import { usePage } from './page_context.ts';

/** The key code of a key that an input method takes. */
const INPUT_METHOD = 229;

/** Where a message is written: Enter sends, Shift and Enter makes a new line. */
export function Composer({ onSend }: { onSend: () => void }) {
  const { chat } = usePage();
  const { draft, activity } = chat;
  const empty = draft.value.trim() === '';

  useEffect(focusComposer, []);

  const send = () => {
    if (empty || activity.value !== 'idle') return;
    onSend();
    void chat.send();
    focusComposer();
  };
  const stop = ({ detail }: MouseEvent) => {
    // The second click on Send.
    if (detail > 1) return;
    void chat.stop();
    focusComposer();
  };

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div class="composer-text" data-text={`${draft.value} `} dir="auto">
        <textarea
          id={COMPOSER}
          rows={1}
          dir="auto"
          data-testid="composer"
          aria-label="Message"
          placeholder="Write a message"
          enterkeyhint="send"
          value={draft.value}
          onInput={({ currentTarget }) => {
            draft.value = currentTarget.value;
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey) return;
            // Enter takes the input method's suggestion; Safari has ended the composition by then.
            if (event.isComposing || event.keyCode === INPUT_METHOD) return;
            event.preventDefault();
            send();
          }}
        />
      </div>
      {activity.value === 'idle' ? (
        <button
          key="send"
          type="submit"
          class="button primary round"
          data-testid="send"
          disabled={empty}
        >
          <SendIcon />
          <span class="visually-hidden">Send</span>
        </button>
      ) : (
        <button
          key="stop"
          type="button"
          class="button primary round"
          data-testid="stop"
          disabled={activity.value === 'stopping'}
          onClick={stop}
        >
          <StopIcon />
          <span class="visually-hidden">{activity.value === 'stopping' ? 'Stopping' : 'Stop'}</span>
        </button>
      )}
    </form>
  );
}
