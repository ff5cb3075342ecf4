import type { ModelConfig } from '../model/config.ts';

/**
 * Cosines and sines by which RoPE turns each pair of dimensions (Su et al. 2021, equation 34): pair i at position p
 * turns by p * theta^(-2i / rope_dim). Computed in f64: WGSL's own `cos` and `sin` are too coarse for large angles.
 * @returns `[positions.length, rope_dim / 2, 2]` as f32
 */
export function ropeTurns(config: ModelConfig, positions: Uint32Array): Float32Array<ArrayBuffer> {
  const { rope_theta, rope_dim } = config;
  const pairs = rope_dim / 2;
  const turns = new Float32Array(positions.length * rope_dim);
  for (let pair = 0; pair < pairs; pair++) {
    const frequency = rope_theta ** ((-2 * pair) / rope_dim);
    for (const [token, position] of positions.entries()) {
      const at = token * rope_dim + 2 * pair;
      turns[at] = Math.cos(position * frequency);
      turns[at + 1] = Math.sin(position * frequency);
    }
  }
  return turns;
}
