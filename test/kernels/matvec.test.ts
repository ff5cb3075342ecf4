import { describe, expect, test } from 'vitest';
import type { BlockTypeName } from '../../src/formats/block_types.ts';
import { halfAt } from '../../src/formats/blocks/half.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import type { Constants, Kernel } from '../../src/gpu/kernel.ts';
import * as kernels from '../../src/gpu/kernels.ts';
import { hasBytes } from '../../src/gpu/quants.ts';
import { ROUNDING, worstError } from './accuracy.ts';
import { edgeMatrix, PLAIN_TYPES, randomFloats, randomMatrix, type StoredMatrix } from './data.ts';
import { openDevice, openPlainDevice } from './device.ts';
import { Lab, poisoned, untouched } from './lab.ts';
import { checkFewer } from './matrix_suite.ts';
import { siluMul } from './reference/activations.ts';
import { matmul } from './reference/matmul.ts';
import { rmsNorm } from './reference/rms_norm.ts';

const EPS = 1e-5;

interface Options {
  readonly accumulate?: boolean;
  readonly gated?: boolean;
  readonly normed?: boolean;
  readonly choices?: Constants;
  /** Floats between the outputs of two tokens. */
  readonly gap?: number;
}

/** A form of the kernel: the same product, whatever the device has. */
interface Form {
  readonly name: string;
  readonly kernel: Kernel;
  readonly open: () => Promise<Gpu>;
  readonly types: readonly BlockTypeName[];
  /** How many invocations do what. */
  readonly choices: readonly Constants[];
}

const THREADS = [32, 64, 128, 256].map((threads) => ({ THREADS: threads }));
const FORMS: readonly Form[] = [
  {
    name: 'matvec',
    kernel: kernels.matvec,
    open: openPlainDevice,
    // It decodes as the next form does, which takes all types.
    types: ['F32', 'Q4_1'],
    choices: THREADS,
  },
  {
    name: 'matvec with subgroups',
    kernel: kernels.withSubgroups(kernels.matvec),
    open: openDevice,
    types: PLAIN_TYPES,
    choices: THREADS,
  },
  {
    name: 'matvec_fixed',
    kernel: kernels.matvec_fixed,
    open: openDevice,
    types: PLAIN_TYPES.filter(hasBytes),
    choices: [
      { THREADS: 128, SHARES: 1 },
      { THREADS: 256, SHARES: 1 },
      { THREADS: 256, SHARES: 2 },
      { THREADS: 256, SHARES: 4 },
      { THREADS: 256, SHARES: 8 },
    ],
  },
];

describe.each(FORMS)('$name', async ({ kernel: plain, open, types, choices: forms }) => {
  const gpu = await open();
  const lab = new Lab(gpu);

  async function check(w: StoredMatrix, options: Options): Promise<void> {
    const { accumulate = false, gated = false, normed = false, gap = 0 } = options;
    const { choices = forms[1]! } = options;
    const kernel = normed ? kernels.normed(plain) : plain;
    const outputs = gated ? w.rows / 2 : w.rows;
    const stride = outputs + gap;
    const constants = {
      ROWS: w.rows,
      COLS: w.cols,
      Y_STRIDE: stride,
      ACCUMULATE: accumulate,
      GATED: gated,
      ...choices,
      ...(gpu.subgroup_size && { SUBGROUP: gpu.subgroup_size }),
      ...(normed && { EPS }),
    };
    for (const tokens of [1, 2, 4]) {
      const x = randomFloats(tokens * w.cols, tokens, normed ? 30 : 1);
      const norm_weight = randomFloats(w.cols, 4);
      const input = normed ? Float32Array.from(rmsNorm(x, norm_weight, EPS)) : x;
      const sums = matmul(w.values, input, w.cols);
      // What is added up are the products of codes and of minimums, whose signs may differ.
      const sizes = magnitudesOf(w);
      const magnitudes = matmul(sizes, input.map(Math.abs), w.cols);
      // Where x is written in whole numbers, each loses at most 2^-22 of the largest of its block.
      const lost = matmul(sizes, largestOfBlocks(input), w.cols);
      let expected = sums;
      // A norm adds its own roundings: the sum of squares, a square root, a division, a product.
      let bounds = magnitudes.map(
        (m, i) =>
          ((w.cols + 1 + (normed ? w.cols / 2 + 8 : 0)) * m +
            (plain === kernels.matvec_fixed ? 4 * lost[i]! : 0)) *
          ROUNDING,
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
        // silu'(x) is at most 1.1, |silu(x)| at most |x|; exp's own error is as in activate's test.
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
      const data = { pass: Uint32Array.of(tokens), x, y: before, ...(normed && { norm_weight }) };
      const { y } = await lab.run({ kernel, constants, type: w.type }, data, tokens, w.planes);
      const isOutput = (i: number) => i % stride < outputs;
      const actual = y!.filter((_, i) => isOutput(i));
      expect(worstError(actual, expected, bounds), `${tokens} tokens`).toBeLessThanOrEqual(1);
      expect(y!.every((_, i) => isOutput(i) || untouched(y!, i))).toBe(true);
    }
  }

  test.each(
    (
      [
        [1, 32],
        [5, 96],
        [33, 576],
        [100, 96],
        [34, 2080],
        [3, 8224],
      ] as const
    ).map(([rows, cols], i) => ({ rows, cols, choices: forms[i % forms.length]! })),
  )(
    'multiplies by a matrix of $rows rows and $cols columns with $choices',
    async ({ rows, cols, choices }) => {
      await check(randomMatrix('Q4_1', rows, cols, 1), { choices });
    },
  );

  test.each(types)('adds %s weights’ product to a part of each token’s row', async (type) => {
    await check(randomMatrix(type, 65, 96, 2), { accumulate: true, gap: 9 });
  });

  test.each(types)('takes %s weights at the edges of what f16 can say', async (type) => {
    await check(edgeMatrix(type, 65, 96, 3), { accumulate: true, gap: 9 });
  });

  test.each(types)('norms its input on the way to %s weights', async (type) => {
    await check(randomMatrix(type, 65, 96, 2), { normed: true, gap: 3 });
  });

  test.each([2, 66, 130])('gates %i rows by rows of a normed input', async (rows) => {
    const choices = forms[rows % forms.length]!;
    await check(randomMatrix('Q4_0', rows, 160, 5), { normed: true, gated: true, choices, gap: 1 });
  });

  const small: Constants = {
    ROWS: 9,
    COLS: 96,
    Y_STRIDE: 9,
    ACCUMULATE: false,
    GATED: false,
    ...forms[0],
    ...(gpu.subgroup_size && { SUBGROUP: gpu.subgroup_size }),
  };

  test('leaves the rows alone that its pass has no tokens for', async () => {
    await checkFewer(lab, { kernel: plain, constants: small, type: 'Q8_0' }, 4);
  });

  test('gives no number where its input has none, and keeps the other tokens', async () => {
    const w = randomMatrix('Q8_0', 9, 96, 6);
    for (const broken of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const x = randomFloats(2 * w.cols, 8);
      x[40] = broken;
      const data = { pass: Uint32Array.of(2), x, y: poisoned(2 * w.rows) };
      const { y } = await lab.run(
        { kernel: plain, constants: small, type: w.type },
        data,
        2,
        w.planes,
      );
      expect([...y!.subarray(0, w.rows)].some(Number.isFinite)).toBe(false);
      expect([...y!.subarray(w.rows)].every(Number.isFinite)).toBe(true);
    }
  });
});

/** For each value the largest of its block of 32. */
function largestOfBlocks(x: Float32Array): Float32Array {
  return x.map((_, i) => {
    const block = x.subarray(i - (i % 32), i - (i % 32) + 32);
    return Math.max(...block.map(Math.abs));
  });
}

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
