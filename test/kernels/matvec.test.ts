import { describe, expect, test } from 'vitest';
import { halfAt } from '../../src/formats/blocks/half.ts';
import * as kernels from '../../src/gpu/kernels.ts';
import { ROUNDING, worstError } from './accuracy.ts';
import { edgeMatrix, randomFloats, randomMatrix, type StoredMatrix, TYPES } from './data.ts';
import { openDevice, openPlainDevice } from './device.ts';
import { Lab, poisoned, untouched } from './lab.ts';
import { matmul } from './reference/matmul.ts';
import { rmsNorm } from './reference/rms_norm.ts';
import { siluMul } from './reference/silu_mul.ts';

const EPS = 1e-5;

interface Options {
  readonly accumulate?: boolean;
  readonly gated?: boolean;
  readonly normed?: boolean;
  readonly threads?: number;
  readonly group_rows?: number;
  /** Floats between the outputs of two tokens. */
  readonly gap?: number;
}

describe.each([
  { name: 'subgroups', open: openDevice },
  { name: 'workgroup memory', open: openPlainDevice },
])('matvec that adds up through $name', async ({ open }) => {
  const gpu = await open();
  const lab = new Lab(gpu);

  async function check(w: StoredMatrix, options: Options): Promise<void> {
    const { accumulate = false, gated = false, normed = false, gap = 0 } = options;
    const { threads = 64, group_rows = 4 } = options;
    const plain = normed ? kernels.matvec_normed : kernels.matvec;
    const kernel = gpu.subgroup_size ? kernels.withSubgroups(plain) : plain;
    const outputs = gated ? w.rows / 2 : w.rows;
    const stride = outputs + gap;
    const constants = {
      ROWS: w.rows,
      COLS: w.cols,
      Y_STRIDE: stride,
      ACCUMULATE: accumulate,
      GATED: gated,
      THREADS: threads,
      GROUP_ROWS: group_rows,
      ...(gpu.subgroup_size && { SUBGROUP: gpu.subgroup_size }),
      ...(normed && { EPS }),
    };
    for (const tokens of [1, 2, 4]) {
      const x = randomFloats(tokens * w.cols, tokens, normed ? 30 : 1);
      const norm_weight = randomFloats(w.cols, 4);
      const input = normed ? Float32Array.from(rmsNorm(x, norm_weight, EPS)) : x;
      const sums = matmul(w.values, input, w.cols);
      // What is added up are the products of codes and of minimums, whose signs may differ.
      const magnitudes = matmul(magnitudesOf(w), input.map(Math.abs), w.cols);
      let expected = sums;
      // A norm adds its own roundings: the sum of squares, a square root, a division, a product.
      let bounds = magnitudes.map(
        (m) => (w.cols + 1 + (normed ? w.cols / 2 + 8 : 0)) * ROUNDING * m,
      );
      if (gated) {
        const halves = (all: Float64Array) => {
          const gate = new Float32Array(tokens * outputs);
          const up = new Float32Array(tokens * outputs);
          for (let token = 0; token < tokens; token++) {
            const row = all.subarray(token * w.rows, (token + 1) * w.rows);
            gate.set(row.subarray(0, outputs), token * outputs);
            up.set(row.subarray(outputs), token * outputs);
          }
          return { gate, up };
        };
        const { gate, up } = halves(sums);
        const error = halves(bounds);
        expected = siluMul(gate, up);
        // silu'(x) is at most 1.1, |silu(x)| at most |x|; exp's own error is as in silu_mul's test.
        bounds = expected.map((value, i) => {
          const through = 1.1 * error.gate[i]! * (Math.abs(up[i]!) + error.up[i]!);
          const roundings = 2 * (3 + 2 * Math.abs(gate[i]!)) + 8;
          return (
            through + Math.abs(gate[i]!) * error.up[i]! + roundings * ROUNDING * Math.abs(value)
          );
        });
      }
      const before = poisoned(tokens * stride);
      if (accumulate) {
        const residual = randomFloats(expected.length, 7, 3);
        for (const [i, value] of residual.entries()) {
          before[Math.floor(i / outputs) * stride + (i % outputs)] = value;
          expected[i]! += value;
          bounds[i]! += ROUNDING * (Math.abs(value) + Math.abs(expected[i]!));
        }
      }
      const data = { x, y: before, ...(normed && { norm_weight }) };
      const { y } = await lab.run({ kernel, constants, type: w.type }, data, tokens, w.planes);
      const isOutput = (i: number) => i % stride < outputs;
      const actual = y!.filter((_, i) => isOutput(i));
      expect(worstError(actual, expected, bounds), `${tokens} tokens`).toBeLessThanOrEqual(1);
      expect(y!.every((_, i) => isOutput(i) || untouched(y!, i))).toBe(true);
    }
  }

  test.each([
    [1, 32, 32, 1],
    [5, 96, 32, 2],
    [33, 576, 64, 4],
    [100, 96, 128, 4],
    [34, 2080, 256, 2],
  ])(
    'multiplies by a matrix of %i rows and %i columns with %i invocations for %i rows',
    async (rows, cols, threads, group_rows) => {
      await check(randomMatrix('Q4_1', rows, cols, 1), { threads, group_rows });
    },
  );

  test.each(TYPES)('adds %s weights’ product to a part of each token’s row', async (type) => {
    await check(randomMatrix(type, 65, 96, 2), { accumulate: true, gap: 9 });
  });

  test.each(TYPES)('takes %s weights at the edges of what f16 can say', async (type) => {
    await check(edgeMatrix(type, 65, 96, 3), { accumulate: true, gap: 9 });
  });

  test.each(TYPES)('norms its input on the way to %s weights', async (type) => {
    await check(randomMatrix(type, 65, 96, 2), { normed: true, gap: 3 });
  });

  test.each([2, 4])(
    'gates rows by rows, %i to a workgroup, of a normed input',
    async (group_rows) => {
      for (const rows of [2, 66, 130]) {
        await check(randomMatrix('Q4_0', rows, 160, 5), {
          normed: true,
          gated: true,
          group_rows,
          gap: 1,
        });
      }
    },
  );
});

/** What the kernel multiplies |x| with: |d| q + |m| of each weight d q + m. */
function magnitudesOf({ type, values, planes }: StoredMatrix): Float32Array {
  return values.map((value, i) => {
    const block = i >> 5;
    const m =
      type === 'Q4_0'
        ? -8 * halfAt(planes[1]!, block)
        : type === 'Q4_1'
          ? halfAt(planes[2]!, block)
          : 0;
    return Math.abs(value - m) + Math.abs(m);
  });
}
