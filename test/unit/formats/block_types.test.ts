import { describe, expect, test } from 'vitest';
import type { BlockType } from '../../../src/formats/block_type.ts';
import { BLOCK_TYPES } from '../../../src/formats/block_types.ts';
import { golden } from '../store/golden.ts';

interface QuantCase {
  readonly name: string;
  readonly type_id: number;
  readonly block_size: number;
  readonly type_size: number;
  readonly blocks: number;
  readonly bin: string;
  readonly f32: string;
}

const INDEX = JSON.parse(new TextDecoder().decode(await golden('gguf-quants/index.json')));
const CASES: ReadonlyMap<string, QuantCase> = new Map(
  INDEX.types.map((type: QuantCase) => [type.name, type]),
);
const TYPES: readonly BlockType[] = Object.values(BLOCK_TYPES);

function split(type: BlockType, blocks: Uint8Array): Uint8Array[] {
  const count = blocks.length / type.block_bytes;
  const planes = type.planes.map((plane) => new Uint8Array(count * plane.bytes_per_block));
  type.split(blocks, count, planes);
  return planes;
}

function decode(type: BlockType, blocks: Uint8Array): Uint8Array {
  const values = type.decode(split(type, blocks), blocks.length / type.block_bytes);
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** The same bytes at an odd address. */
function odd(bytes: Uint8Array): Uint8Array {
  const moved = new Uint8Array(bytes.length + 1).subarray(1);
  moved.set(bytes);
  return moved;
}

test('every block type but F32, which decodes to itself, has golden blocks', () => {
  const names = Object.keys(BLOCK_TYPES).filter((name) => name !== 'F32');
  expect(names.filter((name) => !CASES.has(name))).toEqual([]);
});

describe.each(TYPES.filter(({ name }) => name !== 'F32'))('$name', (type) => {
  const { type_id, block_size, type_size, blocks, bin, f32 } = CASES.get(type.name)!;

  test('has the number and the sizes of ggml', () => {
    const { ggml_type, block_size: values, block_bytes } = type;
    expect({ ggml_type, values, block_bytes }).toEqual({
      ggml_type: type_id,
      values: block_size,
      block_bytes: type_size,
    });
  });

  test('decodes every golden block bit for bit', async () => {
    const stored = await golden(`gguf-quants/${bin}`);
    expect(stored.length).toBe(blocks * type_size);
    expect(decode(type, stored)).toEqual(await golden(`gguf-quants/${f32}`));
  });

  test('splits blocks that lie at an odd address', async () => {
    const stored = await golden(`gguf-quants/${bin}`);
    expect(split(type, odd(stored))).toEqual(split(type, stored));
  });
});

test('F32 keeps every bit, NaN payloads included', async () => {
  const values = await golden('gguf-quants/Q4_1.f32');
  values.set([0x01, 0x00, 0xa0, 0xff]);
  expect(decode(BLOCK_TYPES.F32, values)).toEqual(values);
  expect(BLOCK_TYPES.F32).toMatchObject({ ggml_type: 0, block_size: 1, block_bytes: 4 });
});

test.each(TYPES)('the planes of $name hold every bit of a block once', (type) => {
  const places = Array.from({ length: 8 * type.block_bytes }, (_, bit) => {
    const block = new Uint8Array(type.block_bytes);
    block[bit >> 3] = 1 << (bit & 7);
    const bytes = split(type, block).flatMap((plane) => [...plane]);
    const set = bytes.flatMap((byte, i) =>
      [...Array(8).keys()].filter((b) => (byte >> b) & 1).map((b) => 8 * i + b),
    );
    expect(set).toHaveLength(1);
    return set[0]!;
  });
  expect(new Set(places).size).toBe(8 * type.block_bytes);
});
