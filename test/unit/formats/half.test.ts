import { expect, test } from 'vitest';
import {
  floatToHalf,
  halfAt,
  halfToFloat,
  halfToFloatBits,
} from '../../../src/formats/blocks/half.ts';

const HALVES = Array.from({ length: 2 ** 16 }, (_, half) => half);
const INFINITY = 0x7c00;

/** IEEE 754: sign, 5 bits of exponent with bias 15, 10 bits of fraction. */
function halfValue(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = (half & 1023) / 1024;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14);
}

function wrong(values: readonly number[], isRight: (value: number) => boolean): number[] {
  return values.filter((value) => !isRight(value));
}

/** The float32 next to `value`, away from zero or towards it. */
function neighbour(value: number, step: 1 | -1): number {
  const float = new Float32Array([value]);
  new Uint32Array(float.buffer)[0]! += step;
  return float[0]!;
}

test('every float16 becomes the float32 of the same value', () => {
  expect(wrong(HALVES, (half) => Object.is(halfToFloat(half), halfValue(half)))).toEqual([]);
});

test('every float16 NaN keeps its sign and payload', () => {
  const nans = HALVES.filter((half) => Number.isNaN(halfValue(half)));
  expect(nans.length).toBe(2 * 1023);
  const isKept = (half: number) => {
    const bits = halfToFloatBits(half);
    return bits >>> 31 === half >>> 15 && ((bits >>> 13) & 1023) === (half & 1023);
  };
  expect(wrong(nans, isKept)).toEqual([]);
});

test('a float16 is read little-endian at its place in a plane', () => {
  expect(halfAt(Uint8Array.of(0xff, 0xff, 0x00, 0x3c), 1)).toBe(1);
});

test('every float16 comes back from its float32', () => {
  const numbers = HALVES.filter((half) => !Number.isNaN(halfValue(half)));
  expect(wrong(numbers, (half) => floatToHalf(halfValue(half)) === half)).toEqual([]);
});

test('between two float16 the nearer one is taken, in the middle the even one', () => {
  const positive = HALVES.slice(0, INFINITY);
  const isNearest = (half: number) => {
    // What follows the largest float16 would be 65536, were there no infinity.
    const next = half + 1 === INFINITY ? 65536 : halfValue(half + 1);
    const middle = (halfValue(half) + next) / 2;
    const even = half & 1 ? half + 1 : half;
    return [0, 0x8000].every((sign) => {
      const s = sign ? -1 : 1;
      return (
        floatToHalf(s * middle) === (sign | even) &&
        floatToHalf(s * neighbour(middle, -1)) === (sign | half) &&
        floatToHalf(s * neighbour(middle, 1)) === (sign | (half + 1))
      );
    });
  };
  expect(wrong(positive, isNearest)).toEqual([]);
});

test('what is too large becomes infinite, what is too small zero, and NaN stays NaN', () => {
  expect(floatToHalf(3e38)).toBe(INFINITY);
  expect(floatToHalf(Number.NEGATIVE_INFINITY)).toBe(0x8000 | INFINITY);
  expect(floatToHalf(-(2 ** -149))).toBe(0x8000);
  expect(halfToFloat(floatToHalf(Number.NaN))).toBeNaN();
});
