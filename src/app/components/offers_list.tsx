import { formatBytes } from '../format.ts';
import { usePage } from './page_context.ts';

/** The models on offer that are not on this device. */
export function OffersList() {
  const page = usePage();
  const { catalogue, packs } = page.models;
  const here = packs.value.flatMap(({ complete, source }) =>
    complete && source?.kind === 'url' ? [source.url] : [],
  );
  const offers = catalogue.value.filter(({ url }) => !here.includes(url));
  if (offers.length === 0) return null;
  return (
    <section>
      <h2>On offer</h2>
      <ul class="packs">
        {offers.map(({ id, name, url, bytes }) => (
          <li key={id} class="pack">
            <div class="pack-text">
              <span class="pack-name">{name}</span>
              <span class="hint">{formatBytes(bytes)}</span>
            </div>
            <button
              type="button"
              class="button"
              aria-label={`Download ${name}`}
              onClick={() => void page.importModel({ kind: 'url', url, name })}
            >
              Download
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
