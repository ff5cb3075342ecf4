import { useRef } from 'preact/hooks';
import type { LoadedModel } from '../../worker/protocol.ts';
import { useLayerCanvas } from '../use_layer_canvas.ts';
import { usePage } from './page_context.ts';

/** Embedding, layers and head as thin plates; the one on the GPU lights up and leaves a trail. */
export function LayerStrip({ model }: { model: LoadedModel }) {
  const { residence, figures } = usePage().chat;
  const canvas = useRef<HTMLCanvasElement>(null);
  const layers = model.layerBytes.length;
  useLayerCanvas(canvas, residence, figures, layers);
  return (
    <div
      class="layer-strip"
      data-testid="layer-strip"
      data-layers={layers}
      data-at={figures.value.at ?? ''}
      data-weight-bytes={figures.value.weightBytes}
      data-peak-weight-bytes={figures.value.peakWeightBytes}
      data-bytes-read={figures.value.bytesRead}
    >
      <span class="strip-end">embedding</span>
      <canvas
        ref={canvas}
        role="img"
        aria-label={`The embedding, ${layers} layers and the head; the one on the GPU is lit`}
      />
      <span class="strip-end">head</span>
    </div>
  );
}
