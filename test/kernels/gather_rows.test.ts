import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BLOCK_TYPES, type BlockTypeName } from '../../src/formats/block_types.ts';
import { gather_rows } from '../../src/gpu/kernels.ts';
import { firstDifference } from './accuracy.ts';
import {
  edgeMatrix,
  randomIntegers,
  randomMatrix,
  type StoredMatrix,
  storedMatrix,
  TYPES,
} from './data.ts';
import { openDevice } from './device.ts';
import { Lab, poisoned } from './lab.ts';
import { gatherRows } from './reference/gather_rows.ts';

const GOLDEN = new URL('../golden/gguf-quants/', import.meta.url);
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

describe.each(TYPES)('rows stored as %s', (type) => {
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

test.each<BlockTypeName>(['Q4_0', 'Q4_1', 'Q8_0'])(
  '%s blocks are those of the gguf package',
  async (type) => {
    const blocks = readFileSync(new URL(`${type}.bin`, GOLDEN));
    const golden = new Float32Array(
      Uint8Array.from(readFileSync(new URL(`${type}.f32`, GOLDEN))).buffer,
    );
    const { block_bytes, planes: fields, split } = BLOCK_TYPES[type];
    const count = blocks.length / block_bytes;
    const planes = fields.map((field) => new Uint8Array(count * field.bytes_per_block));
    split(blocks, count, planes);
    const matrix = storedMatrix(type, count, 32, planes);
    expect(count).toBe(15);
    await check(
      { ...matrix, values: golden },
      Uint32Array.from({ length: count }, (_, i) => i),
    );
  },
);
