import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/engine/random.ts';
import type { BlockType } from '../../../src/formats/block_type.ts';
import { BLOCK_TYPES } from '../../../src/formats/block_types.ts';
import { relativeError } from '../../../src/formats/blocks/relative_error.ts';
import { golden } from '../store/golden.ts';

const planesOf = (type: BlockType, count: number): Uint8Array[] =>
  type.planes.map((plane) => new Uint8Array(count * plane.bytes_per_block));

function encode(type: BlockType, values: Float32Array): Uint8Array[] {
  const count = values.length / type.block_size;
  const planes = planesOf(type, count);
  type.encode!(values, count, planes);
  return planes;
}

const coded = (type: BlockType, values: Float32Array): Float32Array =>
  type.decode(encode(type, values), values.length / type.block_size);

const errorOf = (type: BlockType, values: Float32Array): number =>
  relativeError(coded(type, values), values);

/** Normally distributed (Box & Muller 1958). */
function gaussian(length: number, seed: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from(
    { length },
    () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
  );
}

test.each(['Q8_0', 'Q5_1', 'Q5_0', 'Q4_1', 'Q4_0'] as const)(
  '%s makes the blocks that the gguf package makes',
  async (name) => {
    const type: BlockType = BLOCK_TYPES[name];
    const values = new Float32Array((await golden('quantized/values.f32')).buffer);
    const blocks = await golden(`quantized/${name}.bin`);
    const count = values.length / type.block_size;
    expect(blocks.length).toBe(count * type.block_bytes);
    const expected = planesOf(type, count);
    type.split(blocks, count, expected);
    expect(encode(type, values)).toEqual(expected);
  },
);

const ENCODERS = Object.values<BlockType>(BLOCK_TYPES).filter(({ encode }) => encode);

describe.each(ENCODERS)('$name', (type) => {
  test('makes the same of values that it has decoded, as far as their scales go', () => {
    const once = coded(type, gaussian(4096, 1));
    expect(relativeError(coded(type, once), once)).toBeLessThan(
      errorOf(type, gaussian(4096, 1)) / 2,
    );
  });

  test('keeps zeros', () => {
    expect(coded(type, new Float32Array(512)).every((value) => value === 0)).toBe(true);
  });

  test('takes a block of one value, of either sign, and of one that stands out', () => {
    for (const value of [0.25, -0.25]) {
      expect(errorOf(type, new Float32Array(512).fill(value))).toBeLessThan(0.05);
      const values = new Float32Array(512);
      values[300] = value;
      expect(errorOf(type, values)).toBeLessThan(0.05);
    }
  });
});

test('normally distributed values lose less, the more bits a type has and the better it fits', () => {
  const values = gaussian(2 ** 15, 2);
  const { Q4_0, Q4_1, Q4_K, Q6_K, Q8_0 } = BLOCK_TYPES;
  const errors = [Q4_0, Q4_1, Q4_K, Q6_K, Q8_0].map((type) => errorOf(type, values));
  expect(errors).toEqual(errors.toSorted((a, b) => b - a));
  // At the same 4.5 bits a value, and at 6.6.
  expect(errors[2]).toBeLessThan(0.85 * errors[0]!);
  expect(errors[3]).toBeLessThan(0.25 * errors[0]!);
});

test('values that are all positive gain by a minimum', () => {
  const values = gaussian(2 ** 13, 3).map((x) => Math.abs(x));
  const { Q4_0, Q4_K } = BLOCK_TYPES;
  expect(errorOf(Q4_K, values)).toBeLessThan(0.6 * errorOf(Q4_0, values));
});

test('an error is relative to the norm of what should be there', () => {
  expect(relativeError(Float32Array.of(3, 4.5), Float32Array.of(3, 4))).toBe(0.1);
  expect(relativeError(Float32Array.of(2), Float32Array.of(0))).toBe(2);
});
