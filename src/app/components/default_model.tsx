import type { CatalogueModel } from '../catalogue.ts';
import { formatBytes } from '../format.ts';
import type { KnownSource } from '../library_store.ts';
import { usePage } from './page_context.ts';

/** The model that the page offers, with its size and licence. */
export function DefaultModel({ model }: { model: CatalogueModel }) {
  const page = usePage();
  const { packs, unfinished } = page.models;
  const isOurs = ({ source }: { source: KnownSource | null }) =>
    source?.kind === 'url' && source.url === model.url;
  const begun = unfinished.value && isOurs(unfinished.value) ? unfinished.value : null;
  const here = packs.value.find((pack) => pack.complete && isOurs(pack));
  const start = () =>
    here
      ? page.usePack(here.id, here.name)
      : page.importModel({ kind: 'url', url: model.url, name: model.name });
  return (
    <section class="card" aria-labelledby="default-model">
      <div class="card-text">
        <h2 id="default-model">{model.name}</h2>
        <p>{model.description}</p>
        <ul class="facts">
          <li>{formatBytes(model.bytes)}</li>
          <li>{model.license}</li>
        </ul>
        {begun && (
          <p class="hint">
            {formatBytes(begun.bytes)} are here already: the download goes on where it stopped.
          </p>
        )}
      </div>
      <button
        type="button"
        class="button primary"
        data-testid="import-default"
        onClick={() => void start()}
      >
        {here && 'Start'}
        {begun && 'Continue the download'}
        {!here && !begun && 'Download and start'}
      </button>
    </section>
  );
}
