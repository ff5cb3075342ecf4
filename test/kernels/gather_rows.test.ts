import { describe, expect, test } from 'vitest';
import { BLOCK_TYPES } from '../../src/formats/block_types.ts';
import { gather_rows } from '../../src/gpu/kernels.ts';
import { firstDifference } from './accuracy.ts';
import {
  edgeMatrix,
  goldenBlocks,
  PLAIN_TYPES,
  randomIntegers,
  randomMatrix,
  type StoredMatrix,
  TYPES,
} from './data.ts';
import { openDevice } from './device.ts';
import { Lab, poisoned } from './lab.ts';
import { gatherRows } from './reference/gather_rows.ts';

const lab = new Lab(await openDevice());

/** Every value bit for bit: all products of a scale and a code are exact in f32, and the sum is rounded once. */
async function check({ type, cols, planes, values }: StoredMatrix, ids: Uint32Array) {
  const { y } = await lab.run(
    { kernel: gather_rows, constants: { COLS: cols }, type },
    { ids, y: poisoned(ids.length * cols) },
    ids.length,
    planes,
  );
  expect(firstDifference(y!, gatherRows(values, ids, cols))).toBe(-1);
}

describe.each(PLAIN_TYPES)('rows stored as %s', (type) => {
  test.each([32, 96, 576, 2080])(
    'of %i values come out bit for bit, in the order asked',
    async (cols) => {
      for (const tokens of [1, 2, 5, 33, 129]) {
        await check(randomMatrix(type, 37, cols, tokens), randomIntegers(tokens, 4, 37));
      }
    },
  );

  test('keep zeros, subnormal and the largest scales', async () => {
    await check(edgeMatrix(type, 19, 96, 5), randomIntegers(40, 6, 19));
  });
});

test.each(TYPES.filter((type) => type !== 'F32'))(
  '%s blocks are those of the gguf package',
  async (type) => {
    const { count, blocks, values } = goldenBlocks(type);
    const { block_size, planes: fields, split } = BLOCK_TYPES[type];
    const planes = fields.map((field) => new Uint8Array(count * field.bytes_per_block));
    split(blocks, count, planes);
    // A row of whole blocks, and of 32 values at least.
    const rows = (count * block_size) % 32 === 0 && block_size >= 32 ? count : 1;
    const cols = rows === 1 ? 32 : block_size;
    const ids = Uint32Array.from({ length: rows }, (_, i) => i);
    const { y } = await lab.run(
      { kernel: gather_rows, constants: { COLS: cols }, type },
      { ids, y: poisoned(rows * cols) },
      rows,
      planes,
    );
    const expected = values.subarray(0, rows * cols).map(asOnGpu);
    expect(firstDifference(y!.map(asOnGpu), expected)).toBe(-1);
  },
);

/** A GPU may take subnormal numbers as 0, also a scale of up to 12 codes; a sum of scaled codes has no negative zero. */
function asOnGpu(value: number): number {
  return Math.abs(value) < 2 ** -123 ? 0 : value;
}
