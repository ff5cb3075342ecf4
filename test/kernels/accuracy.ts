/** Half a unit in the last place of 1: what one rounding to f32 may change, relatively. */
export const ROUNDING = 2 ** -24;

/** The first element whose bits differ, or -1. */
export function firstDifference(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length) throw new RangeError('the lengths differ');
  const words = bits(expected);
  return bits(actual).findIndex((word, i) => word !== words[i]);
}

const bits = ({ buffer, byteOffset, length }: Float32Array): Uint32Array =>
  new Uint32Array(buffer, byteOffset, length);

type Numbers = ArrayLike<number>;

/**
 * The largest |actual - expected| / bound; infinite where a value is not a number, or differs where no difference is
 * allowed.
 */
export function worstError(actual: Numbers, expected: Numbers, bound: Numbers): number {
  return errors(actual, expected, bound).reduce((worst, error) => Math.max(worst, error), 0);
}

/** The root of the mean of (|actual - expected| / scale)^2. */
export function rmsError(actual: Numbers, expected: Numbers, scale: Numbers): number {
  const all = errors(actual, expected, scale);
  return Math.sqrt(all.reduce((sum, error) => sum + error ** 2, 0) / all.length);
}

function errors(actual: Numbers, expected: Numbers, scale: Numbers): number[] {
  if (actual.length !== expected.length) throw new RangeError('the lengths differ');
  return Array.from(expected, (value, i) => {
    const error = Math.abs(actual[i]! - value);
    if (error === 0) return 0;
    return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error / scale[i]!;
  });
}
