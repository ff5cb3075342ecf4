import { describe, expect, test } from 'vitest';
import { ShaderError } from '../../src/gpu/errors.ts';
import * as kernels from '../../src/gpu/kernels.ts';
import { Pipelines } from '../../src/gpu/pipelines.ts';
import { multipliesMatrices } from '../../src/gpu/subgroup_matrix.ts';
import { rmsError, worstError } from './accuracy.ts';
import { edgeMatrix, PLAIN_TYPES, randomFloats, randomMatrix, type StoredMatrix } from './data.ts';
import { openDevice, openPlainDevice } from './device.ts';
import { Lab, poisoned, untouched } from './lab.ts';
import { checkFewer } from './matrix_suite.ts';
import { matmul } from './reference/matmul.ts';

const kernel = kernels.matmul_subgroup;
const gpu = await openDevice();
const offered = await multipliesMatrices(gpu);

test('is not offered to a device without subgroup matrices, and does not compile there', async () => {
  const plain = await openPlainDevice();
  expect(await multipliesMatrices(plain)).toBe(false);
  const constants = { ROWS: 64, COLS: 32, Y_STRIDE: 64, ACCUMULATE: false, WIDE: false };
  const pipelines = new Pipelines(plain.device);
  await expect(pipelines.prepare([{ kernel, constants, type: 'F32' }])).rejects.toThrow(
    ShaderError,
  );
});

if (offered) {
  describe('matmul_subgroup', () => suite(new Lab(gpu)));
} else {
  test('the device of this machine has no such matrices: the kernel itself is not tested', () => {
    const ours = gpu.subgroup_matrices.filter(
      ({ componentType, M, N, K }) => componentType === 'f16' && [M, N, K].join() === '16,16,16',
    );
    expect(ours).toEqual([]);
    if (gpu.subgroup_matrices.length === 0) {
      expect(gpu.device.features).not.toContain('chromium-experimental-subgroup-matrix');
    }
  });
}

/** How far one rounding to f16, up or down, may lead from a value of 11 bits, relatively; and from a smaller one. */
const HALF = 2 ** -10;
const SMALLEST_HALF = 2 ** -24;
/** The same of f32, in a multiplier that cuts sums off. */
const FLOAT = 2 ** -22;

function suite(lab: Lab): void {
  const TOKENS = [1, 5, 17, 63, 65, 129, 200];

  /**
   * Y = X W^T, or more, with the bound of its error: each factor is rounded to f16 once, the smallest after their tile
   * was scaled, and each product is added once.
   */
  async function check(
    w: StoredMatrix,
    x: Float32Array<ArrayBuffer>,
    { wide = false, residual = 0, gap = 0, broken = -1 },
  ) {
    const { rows, cols, type } = w;
    const tokens = x.length / cols;
    const stride = rows + gap;
    const tile = wide ? 128 : 64;
    const constants = {
      ROWS: rows,
      COLS: cols,
      Y_STRIDE: stride,
      ACCUMULATE: residual > 0,
      WIDE: wide,
    };
    const before = poisoned(tokens * stride);
    const finite = x.map((v) => (Number.isFinite(v) ? v : 0));
    const sums = matmul(w.values, finite, cols);
    const [w_size, x_size] = [w.values.map(Math.abs), finite.map(Math.abs)];
    const [w_error, x_error] = [roundings(w_size, tile * cols), roundings(x_size, tile * cols)];
    const magnitudes = matmul(w_size, x_size, cols);
    const parts = [
      matmul(w_size, x_error, cols),
      matmul(w_error, x_size, cols),
      matmul(w_error, x_error, cols),
    ];
    const bounds = magnitudes.map((magnitude, i) => {
      const error = parts.reduce((sum, part) => sum + part[i]!, 0);
      return error + (cols + 1) * FLOAT * (magnitude + error);
    });
    if (residual > 0) {
      for (const [i, value] of randomFloats(sums.length, 7, residual).entries()) {
        before[Math.floor(i / rows) * stride + (i % rows)] = value;
        sums[i]! += value;
        bounds[i]! += 2 * FLOAT * (Math.abs(value) + magnitudes[i]!);
      }
    }
    const data = { pass: Uint32Array.of(tokens), x, y: before };
    const { y } = await lab.run({ kernel, constants, type }, data, tokens, w.planes);
    const isOutput = (i: number) => i % stride < rows;
    const isSound = (_: number, i: number) => Math.floor(i / rows) !== broken;
    const outputs = y!.filter((_, i) => isOutput(i));
    const sound = outputs.filter(isSound);
    const expected = sums.filter(isSound);
    expect(worstError(sound, expected, bounds.filter(isSound)), `${tokens} tokens`).toBeLessThan(1);
    expect(y!.every((_, i) => isOutput(i) || untouched(y!, i))).toBe(true);
    return { outputs, rms: rmsError(sound, expected, magnitudes.filter(isSound)) };
  }

  describe.each([{ wide: false }, { wide: true }])('with WIDE $wide', ({ wide }) => {
    test.each([
      [1, 32],
      [33, 576],
      [130, 32],
      [200, 96],
    ])('multiplies by a matrix of %i rows and %i columns', async (rows, cols) => {
      const w = randomMatrix('Q4_1', rows, cols, 1);
      for (const tokens of TOKENS) {
        const { rms } = await check(w, randomFloats(tokens * cols, tokens), { wide });
        // Rounding to the nearest, 2^-12 at most and of random sign.
        expect(rms).toBeLessThan(2 ** -12);
      }
    });

    test.each(PLAIN_TYPES)(
      'adds %s weights’ product to a part of each token’s row',
      async (type) => {
        const w = randomMatrix(type, 65, 96, 2);
        for (const tokens of TOKENS) {
          await check(w, randomFloats(tokens * 96, tokens), { wide, residual: 3, gap: 9 });
        }
      },
    );

    test.each(PLAIN_TYPES)('takes %s weights at the edges of what f16 can say', async (type) => {
      await check(edgeMatrix(type, 65, 96, 3), randomFloats(65 * 96, 4), { wide, gap: 9 });
    });

    test.each([2 ** 100, 1e6, 7e4, 2 ** -9, 2 ** -13, 1e-6, 2 ** -60, 0])(
      'takes activations up to %f',
      async (scale) => {
        const w = randomMatrix('Q8_0', 65, 96, 2);
        const { rms } = await check(w, randomFloats(70 * 96, 5, scale), { wide });
        if (scale > 0) expect(rms).toBeLessThan(2 ** -12);
      },
    );

    test('leaves the rows alone that its pass has no tokens for', async () => {
      const constants = { ROWS: 65, COLS: 96, Y_STRIDE: 65, ACCUMULATE: false, WIDE: wide };
      await checkFewer(lab, { kernel, constants, type: 'Q8_0' }, 300);
    });

    test('takes a token of great activations between others', async () => {
      const x = randomFloats(70 * 96, 5);
      for (let i = 3 * 96; i < 4 * 96; i++) x[i]! *= 1e6;
      await check(randomMatrix('F16', 65, 96, 2), x, { wide, residual: 3 });
    });

    test('takes weights beyond f16', async () => {
      const values = randomFloats(65 * 96, 5, 1e7);
      const planes = [new Uint8Array(values.buffer)];
      const w: StoredMatrix = { type: 'F32', rows: 65, cols: 96, planes, values };
      const { rms } = await check(w, randomFloats(70 * 96, 6), { wide });
      expect(rms).toBeLessThan(2 ** -12);
    });

    test.each([Number.POSITIVE_INFINITY, Number.NaN])('leaves %f in its token', async (value) => {
      const x = randomFloats(70 * 96, 5);
      x[3 * 96 + 7] = value;
      const w = randomMatrix('F16', 65, 96, 2);
      const { outputs } = await check(w, x, { wide, broken: 3 });
      expect(outputs.slice(3 * 65, 4 * 65).some(Number.isFinite)).toBe(false);
    });
  });
}

/** The most that each of these sizes may change when tiles of so many are scaled, if need be, and rounded to f16. */
function roundings(sizes: Float32Array, tile: number): Float32Array {
  const errors = new Float32Array(sizes.length);
  for (let start = 0; start < sizes.length; start += tile) {
    const part = sizes.subarray(start, start + tile);
    const largest = part.reduce((a, b) => Math.max(a, b), 0);
    const exponent = Math.floor(Math.log2(largest));
    const scale = largest === 0 || (exponent >= -10 && exponent < 15) ? 1 : 2 ** (10 - exponent);
    errors.set(
      part.map((size) => HALF * size + SMALLEST_HALF / scale),
      start,
    );
  }
  return errors;
}
