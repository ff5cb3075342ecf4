import type { ModelWork, PassStep } from '../plan/predict.ts';
import type { Placement } from './placement.ts';
import { rowsOf } from './placement.ts';
import { TOKENS_IN_FLIGHT } from './sampler.ts';
import type { Sizes } from './sizes.ts';

/** What `forward` reads and computes for a pass, in its order, for the planner. */
export function workOf({ layout, prefill_tokens, ring }: Sizes): ModelWork {
  const { model, pinned, head_tiles } = layout;
  const { experts } = model.config;
  const average = model.layers.reduce((sum, { bytes }) => sum + bytes, 0) / model.layers.length;
  const piecesOf = ({ chunks }: Placement) => chunks.flatMap(({ bytes }) => pieces(bytes, ring));
  const row = model.embedding.bytes / rowsOf(layout.embedding_tensor);
  const steps: PassStep[] = [
    { kind: 'embedding', reads: pinned.has('embedding') ? [] : [row], share: 1 },
    ...layout.layers.map(
      (placement, layer): PassStep => ({
        kind: 'layer',
        // Of experts, as many as one token takes.
        reads: pinned.has(layer)
          ? []
          : [placement, ...layout.experts[layer]!.slice(0, experts?.per_token)].flatMap(piecesOf),
        share: model.layers[layer]!.bytes / average,
      }),
    ),
    { kind: 'head', reads: pinned.has('head') ? [] : piecesOf(layout.finalNorm()), share: 0 },
    ...head_tiles.map(
      (tile): PassStep => ({
        kind: 'head',
        reads: pinned.has(layout.head_part) ? [] : piecesOf(layout.headTile(tile)),
        share: tile.rows / model.config.vocab_size,
      }),
    ),
  ];
  return {
    steps,
    prefill_tokens,
    pieces: ring.pieces,
    tokens_in_flight: layout.slot_chunks === null ? TOKENS_IN_FLIGHT : 1,
  };
}

/** A ring's pieces for a chunk. */
function pieces(bytes: number, { piece_bytes }: { readonly piece_bytes: number }): number[] {
  return Array.from({ length: Math.ceil(bytes / piece_bytes) }, (_, i) =>
    Math.min(piece_bytes, bytes - i * piece_bytes),
  );
}
