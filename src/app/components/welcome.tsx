import { adapterName } from '../../gpu/device.ts';
import { formatBytes } from '../format.ts';
import { DefaultModel } from './default_model.tsx';
import { openDiagnostics } from './diagnostics_dialog.tsx';
import { Notice } from './notice.tsx';
import { OpenModel } from './open_model.tsx';
import { PackList } from './pack_list.tsx';
import { usePage } from './page_context.ts';
import { SoftwareNote } from './software_note.tsx';

/** The first visit: what Lamina is, and a model to begin with. */
export function Welcome() {
  const { models } = usePage();
  const failure = models.failure.value ?? models.catalogueFailure.value;
  const { catalogue, environment, packs, unfinished } = models;
  const model = catalogue.value[0];
  const file = unfinished.value?.source.kind === 'file' ? unfinished.value.source : null;
  const here = environment.value;
  return (
    <main class="centred" tabIndex={-1}>
      <div class="column welcome">
        {failure && <Notice failure={failure} alert />}
        <div class="intro">
          <h1>
            A language model on <em>your own</em> GPU, one layer at a time.
          </h1>
          <p>
            Lamina streams the model from this device’s disk through your graphics card layer by
            layer, so it needs the memory of one layer only. It all happens in this page: nothing
            that you write leaves the machine.
          </p>
        </div>
        {model && <DefaultModel model={model} />}
        {file && (
          <p class="hint">
            The import of “{file.name}” has not ended. Open the same file again: it goes on where it
            stopped.
          </p>
        )}
        <OpenModel />
        {packs.value.length > 0 && (
          <section class="on-disk">
            <h2>On this device</h2>
            <PackList />
          </section>
        )}
        {here && (
          <div class="this-device">
            <ul class="facts" aria-label="This device">
              <li>{adapterName(here.adapter)}</li>
              {here.available !== null && <li>{formatBytes(here.available)} of storage free</li>}
            </ul>
            <button type="button" class="button quiet" onClick={openDiagnostics}>
              Diagnostics
            </button>
          </div>
        )}
        <SoftwareNote />
      </div>
    </main>
  );
}
