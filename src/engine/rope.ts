import type { RopeConfig } from '../model/config.ts';

/**
 * Cosines and sines by which RoPE turns each pair of dimensions (Su et al. 2021, equation 34): pair i at position p
 * turns by p * theta^(-2i / dim), divided by the pair's factor. Computed in f64: WGSL's own `cos` and `sin` are too
 * coarse for large angles.
 * @param context_length positions that there may be, of which the factors may depend
 * @returns `[positions.length, dim / 2, 2]` as f32
 */
export function ropeTurns(
  rope: RopeConfig,
  positions: Uint32Array,
  context_length: number,
): Float32Array<ArrayBuffer> {
  const { dim, theta, long, attention_factor } = rope;
  const factors = long && context_length > long.beyond ? long.factors : rope.factors;
  const turns = new Float32Array(positions.length * dim);
  for (let pair = 0; pair < dim / 2; pair++) {
    const frequency = theta ** ((-2 * pair) / dim) / (factors?.[pair] ?? 1);
    for (const [token, position] of positions.entries()) {
      const at = token * dim + 2 * pair;
      turns[at] = attention_factor * Math.cos(position * frequency);
      turns[at + 1] = attention_factor * Math.sin(position * frequency);
    }
  }
  return turns;
}
