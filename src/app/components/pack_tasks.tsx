import { useRef } from 'preact/hooks';
import { formatPercent } from '../format.ts';
import type { PackNews } from '../inventory_state.ts';
import type { KnownPack } from '../library.ts';
import { usePage } from './page_context.ts';

/** Checks a model, or writes it to one file. */
export function PackTasks({ pack: { id, name } }: { pack: KnownPack }) {
  const { inventory } = usePage();
  const busy = isRunning(inventory.news.value);
  return (
    <>
      <button
        type="button"
        class="button quiet small"
        aria-label={`Verify ${name}`}
        disabled={busy}
        onClick={() => void inventory.verify(id)}
      >
        Verify
      </button>
      <button
        type="button"
        class="button quiet small"
        aria-label={`Export ${name}`}
        disabled={busy}
        onClick={() => void inventory.exportPack(id)}
      >
        Export
      </button>
    </>
  );
}

const NOTES = {
  verify: {
    running: 'Verifying',
    cancelling: 'Cancelling',
    cancelled: 'The verification was cancelled',
    done: 'Verified: every file is whole',
  },
  export: {
    running: 'Exporting',
    cancelling: 'Cancelling',
    cancelled: 'The export was cancelled, and nothing of it was kept',
    done: 'Exported. Open the file in any browser to have it there',
  },
} as const;

/** How far a check or an export of a model is, and what came of it. */
export function PackNote({ pack }: { pack: string }) {
  const { inventory } = usePage();
  const note = useRef<HTMLDivElement>(null);
  const news = inventory.news.value;
  if (news?.pack !== pack) return null;
  const { task, state, share, message } = news;
  if (state === 'failed') {
    return (
      <p class="pack-note problem" role="alert">
        {message}
      </p>
    );
  }
  return (
    <div ref={note} class="pack-note hint" tabIndex={-1}>
      <span role="status">{NOTES[task][state]}</span>
      {isRunning(news) && (
        <>
          <span>{formatPercent(share)}</span>
          <progress value={share} aria-label={NOTES[task].running} />
          <button
            type="button"
            class="button quiet small"
            disabled={state === 'cancelling'}
            onClick={() => {
              // The button goes; the keyboard goes on from here.
              note.current!.focus();
              inventory.cancel();
            }}
          >
            Cancel
          </button>
        </>
      )}
    </div>
  );
}

function isRunning(news: PackNews | null): boolean {
  return news?.state === 'running' || news?.state === 'cancelling';
}
