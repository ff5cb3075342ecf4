import { expect, test } from 'vitest';
import { BLOCK_TYPES, type BlockTypeName } from '../../../src/formats/block_types.ts';
import type { TensorInfo } from '../../../src/formats/checkpoint.ts';
import { HashPool } from '../../../src/store/hash_pool.ts';
import { MemoryStore } from '../../../src/store/memory_store.ts';
import { layoutFile } from '../../../src/store/pack_layout.ts';
import { writePieces } from '../../../src/store/piece_writer.ts';
import { readAhead } from '../../../src/store/read_ahead.ts';
import { READ_BYTES, rangesOf, writeWeightFile } from '../../../src/store/weight_file.ts';
import { piecesOf } from './piece_hashes.ts';
import { plannedWhole } from './planned_fixture.ts';
import { TestSource } from './test_source.ts';
import { get, pattern } from './weight_store_suite.ts';

/** More than one read and two pieces, and no multiple of either. */
const BYTES = READ_BYTES + 1.5 * 2 ** 20;
const COLUMNS = 2048;

// Of one plane, two, three and four; with blocks of an odd number of bytes, and of 1, 32 and 256 values.
const TYPES: BlockTypeName[] = ['F32', 'MXFP4', 'Q4_1', 'Q4_K', 'Q6_K'];

test.each(TYPES)('a %s tensor of many reads is split as if it were one', async (type) => {
  const { block_size, block_bytes, planes } = BLOCK_TYPES[type];
  const row_blocks = COLUMNS / block_size;
  const rows = Math.ceil(BYTES / (row_blocks * block_bytes));
  const blocks = rows * row_blocks;
  const bytes = blocks * block_bytes;
  const source = new TestSource(pattern(bytes + 32));
  const tensor: TensorInfo = { name: 'a', type, shape: [rows, COLUMNS], source, offset: 32, bytes };
  const planned = { layout: layoutFile('a.bin', [tensor]), tensors: [plannedWhole(tensor)] };
  const store = new MemoryStore();
  const pool = new HashPool();
  let told = 0;
  const onBytes = (written: number) => {
    told += written;
  };
  const pieces = await writePieces(store, 'pack', 'a.bin', { pool, onBytes }, async (out) => {
    expect(await writeWeightFile(planned, readAhead([...rangesOf(planned)]), out)).toEqual({});
  });
  pool.close();

  const file = await get(store, 'pack', 'a.bin');
  expect(file.length).toBe(planned.layout.bytes);
  expect(told).toBe(planned.layout.bytes);
  expect(pieces).toEqual(piecesOf(file));
  expect(pieces.length).toBeGreaterThan(2);
  const expected = planes.map((plane) => new Uint8Array(blocks * plane.bytes_per_block));
  BLOCK_TYPES[type].split(pattern(bytes + 32).subarray(32), blocks, expected);
  let end = 0;
  for (const [i, plane] of planned.layout.tensors[0]!.planes.entries()) {
    expect(file.subarray(end, plane.offset).every((byte) => byte === 0)).toBe(true);
    end = plane.offset + plane.bytes;
    expect(Buffer.compare(file.subarray(plane.offset, end), expected[i]!)).toBe(0);
  }
  expect(source.reads.every(([, length]) => length <= READ_BYTES)).toBe(true);
  expect(source.reads.reduce((sum, [, length]) => sum + length, 0)).toBe(bytes);
});
