import { describe, expect, test } from 'vitest';
import type { Gpu } from '../../src/gpu/device.ts';
import type { Constants, Kernel, Specialization } from '../../src/gpu/kernel.ts';
import { firstDifference, ROUNDING, rmsError, worstError } from './accuracy.ts';
import { edgeMatrix, PLAIN_TYPES, randomFloats, randomMatrix, type StoredMatrix } from './data.ts';
import { Lab, poisoned, untouched } from './lab.ts';
import { matmul } from './reference/matmul.ts';

const TOKENS = [1, 2, 3, 4, 5, 17, 63, 65, 129];

/**
 * A dispatch may be made for more tokens than its pass has: these get what they get alone, and nothing else is written.
 * @param of how many tokens it is made for
 */
export async function checkFewer(
  lab: Lab,
  specialization: Specialization,
  of: number,
): Promise<void> {
  const { constants, type } = specialization;
  const [rows, cols] = [Number(constants.ROWS), Number(constants.COLS)];
  const w = randomMatrix(type!, rows, cols, 1);
  const run = async (tokens: number, dispatched: number): Promise<Float32Array> => {
    const x = poisoned(dispatched * cols);
    x.set(randomFloats(tokens * cols, 2));
    const data = { pass: Uint32Array.of(tokens), x, y: poisoned(dispatched * rows) };
    return (await lab.run(specialization, data, dispatched, w.planes)).y!;
  };
  for (const tokens of [0, 1, of - 1]) {
    const fewer = await run(tokens, of);
    if (tokens > 0) {
      const alone = await run(tokens, tokens);
      expect(alone.every(Number.isFinite)).toBe(true);
      expect(firstDifference(fewer.subarray(0, alone.length), alone)).toBe(-1);
    }
    for (let i = tokens * rows; i < fewer.length; i++) expect(untouched(fewer, i)).toBe(true);
  }
}

/**
 * What every kernel that multiplies by a stored matrix must do.
 * @param shapes rows and columns of matrices: each takes a pipeline of its own
 * @param choices constants beside those of the shape
 */
export function matrixSuite(
  gpu: Gpu,
  kernel: Kernel,
  shapes: readonly [number, number][],
  choices: Constants = {},
): void {
  const lab = new Lab(gpu);

  /**
   * Checks the kernel with every number of tokens. The roundings of a sum of n products and of what it is added to
   * are at most n + 1 on the way of each product, in whatever order and fused or not (Higham 2002, section 3.1), so
   * |error| <= (n + 1) u sum |w x|. As their signs are random, their root mean square stays far below: here under
   * one unit in the last place of sum |w x|.
   */
  async function check(w: StoredMatrix, options: { accumulate: boolean; gap: number }) {
    const { rows, cols, type } = w;
    const stride = rows + options.gap;
    const constants = {
      ROWS: rows,
      COLS: cols,
      Y_STRIDE: stride,
      ACCUMULATE: options.accumulate,
      ...choices,
    };
    for (const tokens of TOKENS) {
      const x = randomFloats(tokens * cols, tokens);
      const before = poisoned(tokens * stride);
      const sums = matmul(w.values, x, cols);
      const magnitudes = matmul(w.values.map(Math.abs), x.map(Math.abs), cols);
      if (options.accumulate) {
        const residual = randomFloats(sums.length, 7, 3);
        for (const [i, value] of residual.entries()) {
          before[Math.floor(i / rows) * stride + (i % rows)] = value;
          sums[i]! += value;
          magnitudes[i]! += Math.abs(value);
        }
      }
      const data = { pass: Uint32Array.of(tokens), x, y: before };
      const { y } = await lab.run({ kernel, constants, type }, data, tokens, w.planes);
      const isOutput = (i: number) => i % stride < rows;
      const outputs = y!.filter((_, i) => isOutput(i));
      const bounds = magnitudes.map((magnitude) => (cols + 1) * ROUNDING * magnitude);
      expect(worstError(outputs, sums, bounds), `${tokens} tokens`).toBeLessThanOrEqual(1);
      expect(rmsError(outputs, sums, magnitudes)).toBeLessThan(2 * ROUNDING);
      expect(y!.every((_, i) => isOutput(i) || untouched(y!, i))).toBe(true);
    }
  }

  describe([kernel.label, ...Object.keys(choices)].join(' '), () => {
    test.each(shapes)('multiplies by a matrix of %i rows and %i columns', async (rows, cols) => {
      await check(randomMatrix('Q4_1', rows, cols, 1), { accumulate: false, gap: 0 });
    });

    test('leaves the rows alone that its pass has no tokens for', async () => {
      const [rows, cols] = shapes[0]!;
      const constants = { ROWS: rows, COLS: cols, Y_STRIDE: rows, ACCUMULATE: false, ...choices };
      await checkFewer(lab, { kernel, constants, type: 'Q4_1' }, 130);
    });

    test.each(PLAIN_TYPES)(
      'adds %s weights’ product to a part of each token’s row',
      async (type) => {
        await check(randomMatrix(type, 65, 96, 2), { accumulate: true, gap: 9 });
      },
    );

    test.each(PLAIN_TYPES)('takes %s weights at the edges of what f16 can say', async (type) => {
      // Evenly many blocks in a row: a kernel may take them by twos.
      await check(edgeMatrix(type, 65, 128, 3), { accumulate: true, gap: 9 });
    });
  });
}
