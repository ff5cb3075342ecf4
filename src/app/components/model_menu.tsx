import { adapterName } from '../../gpu/device.ts';
import { OffersList } from './offers_list.tsx';
import { OpenModel } from './open_model.tsx';
import { PackList } from './pack_list.tsx';
import { usePage } from './page_context.ts';
import { SoftwareNote } from './software_note.tsx';

/** The models on this device, another one to open, and what they run on. */
export function ModelMenu() {
  const here = usePage().models.environment.value;
  return (
    <section id="model-menu" popover="auto" class="popover" aria-label="Models">
      <h2>On this device</h2>
      <PackList />
      <OffersList />
      <OpenModel />
      <div class="popover-foot">
        {here && <p class="hint">Runs on {adapterName(here.adapter)}</p>}
        <SoftwareNote />
      </div>
    </section>
  );
}
