import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { formatBytes, formatShare } from '../format.ts';
import type { KnownPack } from '../library.ts';
import { PackNote, PackTasks } from './pack_tasks.tsx';
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
        {pack.quantization && <QuantizationNote quantization={pack.quantization} />}
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
          onClick={() => void page.importModel(source)}
        >
          Continue
        </button>
      )}
      <div class="pack-actions">
        {pack.complete && <PackTasks pack={pack} />}
        <RemoveButton pack={pack} onRemove={onRemove} />
      </div>
      <PackNote pack={pack.id} />
    </li>
  );
}

/** What the import made of the weights, and how far they are from the checkpoint's. */
function QuantizationNote({
  quantization,
}: {
  quantization: NonNullable<KnownPack['quantization']>;
}) {
  const { type, mean_error, worst } = quantization;
  return (
    <span class="hint" title={worst?.name}>
      Quantized to {type}
      {worst &&
        `: weights differ by ${formatShare(mean_error)} on average, ${formatShare(worst.relative_error)} at worst`}
    </span>
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
