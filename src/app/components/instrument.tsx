import { adapterName } from '../../gpu/device.ts';
import type { LoadedModel } from '../../worker/protocol.ts';
import { formatBytes } from '../format.ts';
import { placeName } from '../layer_trail.ts';
import { wholeBytes } from '../model_bytes.ts';
import { LayerStrip } from './layer_strip.tsx';
import { usePage } from './page_context.ts';
import { SoftwareNote } from './software_note.tsx';

/** What is on the GPU: the layers, the one at hand lit, and the bytes. */
export function Instrument({ model }: { model: LoadedModel }) {
  const { chat, models } = usePage();
  const { at, weightBytes, peakWeightBytes, bytesRead } = chat.figures.value;
  const here = models.environment.value;
  return (
    <aside class="instrument" aria-label="Layers on the GPU">
      <p class="now" data-lit={at !== null}>
        {placeName(at)}
      </p>
      <LayerStrip model={model} />
      <dl class="figures">
        <Figure term="On the GPU now" bytes={weightBytes} />
        <Figure term="Most so far" bytes={peakWeightBytes} />
        <Figure term="Largest layer" bytes={Math.max(...model.layerBytes)} />
        <Figure term="Whole model" bytes={wholeBytes(model)} />
        <Figure term="Read from disk" bytes={bytesRead} />
      </dl>
      <div class="instrument-foot">
        {here && <p>{adapterName(here.adapter)}</p>}
        <SoftwareNote />
      </div>
    </aside>
  );
}

function Figure({ term, bytes }: { term: string; bytes: number }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{formatBytes(bytes)}</dd>
    </div>
  );
}
