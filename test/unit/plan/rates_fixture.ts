import type { ModelWork, PassStep } from '../../../src/plan/predict.ts';
import type { ModelRates } from '../../../src/plan/rates.ts';

/** Round numbers: a layer computes 2 s, and 1000 bytes are read in 1 s. */
export const RATES: ModelRates = {
  piece_seconds: 0,
  bytes_per_second: 1000,
  row_seconds: 0.5,
  pass_seconds: 0.25,
  layer_seconds: 2,
  position_seconds: 0.01,
  head_seconds: 3,
  chunks: [
    { tokens: 1, layer_seconds: 2, pass_seconds: 0.25 },
    { tokens: 16, layer_seconds: 5, pass_seconds: 0.3 },
    { tokens: 64, layer_seconds: 17, pass_seconds: 0.6 },
  ],
  chunk_position_seconds: 0.001,
  choose_seconds: 1,
  latency_seconds: 7,
  slowdown: 0,
};

/** Four layers of 1000 bytes, of which those from `stay` on pass, and a head in two tiles. */
export function workOf(stay: number, changes: Partial<ModelWork> = {}): ModelWork {
  const layer = (i: number): PassStep => ({
    kind: 'layer',
    reads: i < stay ? [] : [1000],
    share: 1,
  });
  return {
    steps: [
      { kind: 'embedding', reads: stay === 4 ? [] : [10], share: 1 },
      ...[0, 1, 2, 3].map(layer),
      { kind: 'head', reads: stay === 4 ? [] : [500], share: 0.5 },
      { kind: 'head', reads: stay === 4 ? [] : [500], share: 0.5 },
    ],
    prefill_tokens: 64,
    pieces: 8,
    tokens_in_flight: stay === 4 ? 4 : 1,
    ...changes,
  };
}
