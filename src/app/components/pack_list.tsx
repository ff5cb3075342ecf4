import { useSignal } from '@preact/signals';
import type { PackSummary } from '../../worker/protocol.ts';
import { formatBytes } from '../format.ts';
import { usePage } from './page_context.ts';

/** The models on disk: to use, or to remove. */
export function PackList() {
  const { packs, stage } = usePage().models;
  const loaded = stage.value.kind === 'ready' ? stage.value.model.pack : null;
  return (
    <ul class="packs">
      {packs.value.map((pack) => (
        <Pack key={pack.id} pack={pack} loaded={pack.id === loaded} />
      ))}
    </ul>
  );
}

function Pack({ pack, loaded }: { pack: PackSummary; loaded: boolean }) {
  const page = usePage();
  const asking = useSignal(false);
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
      {!loaded && (
        <button
          type="button"
          class="button quiet"
          aria-label={asking.value ? `Really remove ${pack.name}` : `Remove ${pack.name}`}
          onBlur={() => {
            asking.value = false;
          }}
          onClick={() => {
            if (asking.value) void page.models.remove(pack.id);
            else asking.value = true;
          }}
        >
          {asking.value ? 'Really remove?' : 'Remove'}
        </button>
      )}
    </li>
  );
}
