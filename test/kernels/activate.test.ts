import { describe, expect, test } from 'vitest';
import { activate } from '../../src/gpu/kernels.ts';
import { ACTIVATIONS } from '../../src/model/config.ts';
import { ROUNDING, worstError } from './accuracy.ts';
import { randomFloats } from './data.ts';
import { openDevice } from './device.ts';
import { Lab, poisoned } from './lab.ts';
import { ACTIVATION_OF, throughGate } from './reference/activations.ts';

const lab = new Lab(await openDevice());
/** Places behind a row's values, which stay as they are. */
const GAP = 3;

/**
 * WGSL's exp(-x) may be 3 + 2 |x| units in the last place off, its division 2.5; a sum and a product are rounded once.
 * Where exp(-x) leaves f32, a result below f32's normal numbers may be any number as small. GELU's error function is
 * good to 1.2e-7, and its tanh's argument, a polynomial of x, passes through five roundings.
 */
describe.each(ACTIVATIONS)('%s', (name) => {
  const activated = ACTIVATION_OF[name];

  async function check(x: Float32Array, width: number, gated: boolean): Promise<void> {
    const tokens = x.length / width;
    const up = gated ? randomFloats(x.length, 2, 10) : new Float32Array(x.length).fill(1);
    const input = gated ? new Float32Array(2 * x.length) : x;
    const expected = poisoned(tokens * (width + GAP));
    const bounds = new Float64Array(expected.length);
    for (let token = 0; token < tokens; token++) {
      const row = [token * width, (token + 1) * width] as const;
      if (gated) {
        input.set(x.subarray(...row), 2 * row[0]);
        input.set(up.subarray(...row), 2 * row[0] + width);
      }
      for (let i = row[0]; i < row[1]; i++) {
        const at = i + token * GAP;
        const [value, by] = [x[i]!, up[i]!];
        const result = gated ? throughGate(name, value, by) : activated(value);
        expected[at] = result;
        const steepness =
          name === 'gelu_tanh'
            ? 2 * (Math.abs(value) + Math.abs(value) ** 3)
            : (name === 'clamped_silu' ? 1.702 : 1) * Math.abs(value);
        const roundings = name === 'relu' ? 1 : 2 * (3 + 4 * steepness) + 12;
        const underflow = 2 ** -126 * Math.max(1, Math.abs(value * by));
        const fitted = name === 'gelu' ? 2e-7 * Math.abs(value * by) : 0;
        bounds[at] = roundings * ROUNDING * Math.abs(result) + underflow + fitted;
      }
    }
    const constants = {
      WIDTH: width,
      GATED: gated,
      Y_STRIDE: width + GAP,
      ACTIVATION: ACTIVATIONS.indexOf(name),
    };
    const { y } = await lab.run(
      { kernel: activate, constants },
      { pass: Uint32Array.of(tokens), x: input, y: poisoned(expected.length) },
      tokens,
    );
    const own = (values: ArrayLike<number>) =>
      Float64Array.from(values).filter((_, i) => i % (width + GAP) < width);
    expect(worstError(Float32Array.from(own(y!)), own(expected), own(bounds))).toBeLessThanOrEqual(
      1,
    );
    const rest = y!.filter((_, i) => i % (width + GAP) >= width);
    expect(rest.every(Number.isNaN)).toBe(true);
  }

  test.each([1, 20, 253])('rows of %i values, gated and not', async (width) => {
    for (const tokens of [1, 5]) {
      await check(randomFloats(tokens * width, tokens, 8), width, true);
      await check(randomFloats(tokens * width, tokens, 8), width, false);
    }
  });

  test('far open and far closed it gives its input and zero, never NaN', async () => {
    const far = [0, -0, 88, -88, 89, -89, 104, -104, 1e3, -1e3, 27e3, -27e3, 20, -20, 1e12, -1e12];
    await check(Float32Array.from(far), 4, true);
  });
});
