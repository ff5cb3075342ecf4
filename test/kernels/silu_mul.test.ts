import { expect, test } from 'vitest';
import { silu_mul } from '../../src/gpu/kernels.ts';
import { ROUNDING, worstError } from './accuracy.ts';
import { randomFloats } from './data.ts';
import { openDevice } from './device.ts';
import { Lab, poisoned } from './lab.ts';
import { siluMul } from './reference/silu_mul.ts';

const lab = new Lab(await openDevice());

/**
 * WGSL's exp(-x) may be 3 + 2 |x| units in the last place off, its division 2.5; a sum and a product are rounded once.
 * Where exp(-x) leaves f32, a result below f32's normal numbers may be any number as small.
 */
async function check(gate: Float32Array, width: number): Promise<void> {
  const up = randomFloats(gate.length, 2, 3);
  const tokens = gate.length / width;
  const gate_up = new Float32Array(2 * gate.length);
  for (let token = 0; token < tokens; token++) {
    const row = [token * width, (token + 1) * width] as const;
    gate_up.set(gate.subarray(...row), 2 * row[0]);
    gate_up.set(up.subarray(...row), 2 * row[0] + width);
  }
  const { y } = await lab.run(
    { kernel: silu_mul, constants: { WIDTH: width } },
    { pass: Uint32Array.of(tokens), gate_up, y: poisoned(gate.length) },
    tokens,
  );
  const expected = siluMul(gate, up);
  const bounds = expected.map((value, i) => {
    const roundings = 2 * (3 + 2 * Math.abs(gate[i]!)) + 5 + 2;
    const underflow = 2 ** -126 * Math.max(1, Math.abs(gate[i]! * up[i]!));
    return roundings * ROUNDING * Math.abs(value) + underflow;
  });
  expect(worstError(y!, expected, bounds)).toBeLessThanOrEqual(1);
}

test.each([4, 20, 252, 260, 1536])(
  'a gate of width %i lets its input through where it is open',
  async (width) => {
    for (const tokens of [1, 2, 5, 33]) await check(randomFloats(tokens * width, tokens, 8), width);
  },
);

test('gates far open and far closed give the input and zero, never NaN', async () => {
  await check(
    Float32Array.of(
      0,
      -0,
      88,
      -88,
      89,
      -89,
      104,
      -104,
      1e3,
      -1e3,
      27e3,
      -27e3,
      1e30,
      -1e30,
      20,
      -20,
    ),
    4,
  );
});
