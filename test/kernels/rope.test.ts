import { expect, test } from 'vitest';
import { ropeTurns } from '../../src/engine/rope.ts';
import { rope } from '../../src/gpu/kernels.ts';
import { config } from '../unit/engine/config.ts';
import { ROUNDING, worstError } from './accuracy.ts';
import { randomFloats } from './data.ts';
import { openDevice } from './device.ts';
import { Lab } from './lab.ts';
import { rope as reference } from './reference/rope.ts';

const lab = new Lab(await openDevice());

/** Each result is the sum of two products; cosine and sine, the products and the sum are rounded once each. */
const ROUNDINGS = 3;

test.each([
  { heads: 1, head_dim: 4, rope_dim: 4, theta: 10000 },
  { heads: 3, head_dim: 64, rope_dim: 64, theta: 100000 },
  { heads: 9, head_dim: 20, rope_dim: 20, theta: 10000 },
  { heads: 5, head_dim: 80, rope_dim: 32, theta: 10000 },
  { heads: 2, head_dim: 256, rope_dim: 256, theta: 1e6 },
])(
  '$heads heads of $head_dim dimensions turn their first $rope_dim by their positions',
  async (shape) => {
    const { heads, head_dim, rope_dim, theta } = shape;
    for (const positions of [[0], [1], [8191, 3], [5, 6, 7, 8, 131071], [...Array(65).keys()]]) {
      const at = Uint32Array.from(positions);
      const x = randomFloats(at.length * heads * head_dim, at.length);
      const turns = ropeTurns({ ...config, rope_dim, rope_theta: theta }, at);
      const constants = { HEADS: heads, HEAD_DIM: head_dim, ROPE_DIM: rope_dim };
      const pass = Uint32Array.of(at.length);
      const { x: y } = await lab.run({ kernel: rope, constants }, { pass, turns, x }, at.length);
      const bounds = x.map((value, i) =>
        i % head_dim < rope_dim
          ? ROUNDINGS * ROUNDING * (Math.abs(value) + Math.abs(x[i ^ 1]!))
          : 0,
      );
      expect(worstError(y!, reference(x, at, shape), bounds)).toBeLessThanOrEqual(1);
    }
  },
);
