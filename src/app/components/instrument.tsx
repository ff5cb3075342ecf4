import type { ComponentChildren } from 'preact';
import { adapterName } from '../../gpu/device.ts';
import type { LoadedModel } from '../../worker/protocol.ts';
import { formatBytes, formatTokenRate } from '../format.ts';
import { placeName } from '../layer_trail.ts';
import { wholeBytes } from '../model_bytes.ts';
import { LayerStrip } from './layer_strip.tsx';
import { usePage } from './page_context.ts';
import { SoftwareNote } from './software_note.tsx';

/** What is on the GPU: how little of the model, which layer, and the bytes. */
export function Instrument({ model }: { model: LoadedModel }) {
  const { chat, models } = usePage();
  const { at, weightBytes, peakWeightBytes, bytesRead } = chat.figures.value;
  const here = models.environment.value;
  return (
    <aside class="instrument" aria-label="Layers on the GPU">
      <p class="resident">
        <strong>{formatBytes(weightBytes)}</strong>{' '}
        <span>of {formatBytes(wholeBytes(model))} on the GPU</span>
      </p>
      <p class="now" data-lit={at !== null}>
        {placeName(at)}
      </p>
      <LayerStrip model={model} />
      <dl class="figures">
        <Figure value={formatBytes(bytesRead)}>
          Read<span class="wide-only"> from disk</span>
        </Figure>
        <Figure value={formatBytes(peakWeightBytes)}>Most on the GPU</Figure>
        <Figure value={formatBytes(Math.max(...model.layerBytes))}>Largest layer</Figure>
        {model.plan && (
          <Figure value={formatTokenRate(model.plan.prediction.decode_tokens_per_second)}>
            Predicted
          </Figure>
        )}
      </dl>
      <div class="instrument-foot">
        {here && <p>{adapterName(here.adapter)}</p>}
        <SoftwareNote />
      </div>
    </aside>
  );
}

function Figure({ value, children }: { value: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{children}</dt>
      <dd>{value}</dd>
    </div>
  );
}
