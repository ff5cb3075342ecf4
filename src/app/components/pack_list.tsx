import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { formatBytes, formatPercent } from '../format.ts';
import type { KnownPack } from '../library.ts';
import { usePage } from './page_context.ts';

/** The models on disk: to use, to go on with, or to remove. */
export function PackList() {
  const { packs, stage } = usePage().models;
  const list = useRef<HTMLUListElement>(null);
  const loaded = stage.value.kind === 'ready' ? stage.value.model.pack : null;
  return (
    <ul ref={list} class="packs" tabIndex={-1}>
      {packs.value.map((pack) => (
        <Pack
          key={pack.id}
          pack={pack}
          loaded={pack.id === loaded}
          // The button that was pressed goes with its row.
          onRemove={() => list.current!.focus()}
        />
      ))}
    </ul>
  );
}

interface PackProps {
  readonly pack: KnownPack;
  readonly loaded: boolean;
  readonly onRemove: () => void;
}

function Pack({ pack, loaded, onRemove }: PackProps) {
  const page = usePage();
  const unfinished = page.models.unfinished.value;
  const source = unfinished?.pack === pack.id ? unfinished.source : null;
  return (
    <li class="pack">
      <div class="pack-text">
        <span class="pack-name">{pack.name}</span>
        <span class="hint">
          {formatBytes(pack.bytes)}
          {loaded && ', in use'}
          {!pack.complete && ', unfinished'}
        </span>
      </div>
      {pack.complete && !loaded && (
        <button
          type="button"
          class="button"
          aria-label={`Use ${pack.name}`}
          onClick={() => void page.usePack(pack.id, pack.name)}
        >
          Use
        </button>
      )}
      {source?.kind === 'url' && (
        <button
          type="button"
          class="button"
          aria-label={`Continue ${pack.name}`}
          onClick={() => void page.openModel(source)}
        >
          Continue
        </button>
      )}
      <div class="pack-actions">
        {pack.complete && <PackFileActions pack={pack} />}
        <RemoveButton pack={pack} onRemove={onRemove} />
      </div>
      <PackNote pack={pack.id} />
    </li>
  );
}

/** Checks a model, or writes it to one file. */
function PackFileActions({ pack: { id, name } }: { pack: KnownPack }) {
  const { inventory } = usePage();
  const busy = inventory.news.value?.state === 'running';
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
  verify: { running: 'Verifying', done: 'Verified: every file is whole' },
  export: { running: 'Exporting', done: 'Exported. Open the file in any browser to have it there' },
} as const;

/** How far a check or an export of a model is, and what came of it. */
function PackNote({ pack }: { pack: string }) {
  const news = usePage().inventory.news.value;
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
    <div class="pack-note hint">
      <span role="status">{NOTES[task][state]}</span>
      {state === 'running' && (
        <>
          {` ${formatPercent(share)} `}
          <progress value={share} aria-label={NOTES[task].running} />
        </>
      )}
    </div>
  );
}

/** Removes a model at the second click. */
function RemoveButton({ pack, onRemove }: Omit<PackProps, 'loaded'>) {
  const page = usePage();
  const asking = useSignal(false);
  return (
    <button
      type="button"
      class="button quiet small"
      aria-label={asking.value ? `Really remove ${pack.name}` : `Remove ${pack.name}`}
      onBlur={() => {
        asking.value = false;
      }}
      onClick={() => {
        if (!asking.value) {
          asking.value = true;
          return;
        }
        onRemove();
        void page.removePack(pack.id);
      }}
    >
      {asking.value ? 'Really remove?' : 'Remove'}
    </button>
  );
}
