import type { CatalogueModel } from '../catalogue.ts';
import { formatBytes } from '../format.ts';
import { usePage } from './page_context.ts';

/** The model that the page offers, with its size and licence. */
export function DefaultModel({ model }: { model: CatalogueModel }) {
  const page = usePage();
  const { packs, unfinished } = page.models;
  const begun = unfinished.value?.kind === 'url' && unfinished.value.url === model.url;
  const here = packs.value.find(({ complete }) => !complete)?.bytes ?? 0;
  return (
    <section class="card" aria-labelledby="default-model">
      <div class="card-text">
        <h2 id="default-model">{model.name}</h2>
        <p>{model.description}</p>
        <p class="facts">
          <span>{formatBytes(model.bytes)}</span>
          <span>{model.license}</span>
        </p>
        {begun && (
          <p class="hint">
            {formatBytes(here)} are here already: the download goes on where it stopped.
          </p>
        )}
      </div>
      <button
        type="button"
        class="button primary"
        data-testid="import-default"
        onClick={() => void page.openModel({ kind: 'url', url: model.url, name: model.name })}
      >
        {begun ? 'Continue the download' : 'Download and start'}
      </button>
    </section>
  );
}
