/** Both views look at the same four bytes: a float32 and its bits. */
const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The bits of the float32 that equals the float16 with the bits `half`; NaN keeps its payload. */
export function halfToFloatBits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return (sign | 0x7f800000 | (fraction << 13)) >>> 0;
  if (exponent !== 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
  if (fraction === 0) return sign >>> 0;
  // A subnormal, fraction * 2^-24, is a normal float32: shift its first 1 up to the implied place.
  const shift = Math.clz32(fraction) - 21;
  return (sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13)) >>> 0;
}

/** The value of the float16 with the bits `half`; exact. */
export function halfToFloat(half: number): number {
  bits[0] = halfToFloatBits(half);
  return float[0]!;
}

/** Value `index` of a plane of little-endian float16. */
export function halfAt(plane: Uint8Array, index: number): number {
  return halfToFloat(plane[2 * index]! | (plane[2 * index + 1]! << 8));
}

/** Writes value `index` of a plane of little-endian float16, and returns what it was rounded to. */
export function putHalf(plane: Uint8Array, index: number, value: number): number {
  const half = floatToHalf(value);
  plane[2 * index] = half & 255;
  plane[2 * index + 1] = half >> 8;
  return halfToFloat(half);
}

/** The bits of the float16 nearest to `value` as a float32, ties to even; too large becomes infinite. */
export function floatToHalf(value: number): number {
  float[0] = value;
  const word = bits[0]!;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >> 13) & 0x3ff);
  // From 65520 on, halfway to what would be the next float16, everything rounds to infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) return sign | roundShift(magnitude - (112 << 23), 13);
  const exponent = magnitude >> 23;
  // Below 2^-25 even the smallest subnormal is too far.
  if (exponent < 102) return sign;
  return sign | roundShift((magnitude & 0x7fffff) | 0x800000, 126 - exponent);
}

/** `value / 2^shift` to the nearest integer, ties to even. */
function roundShift(value: number, shift: number): number {
  const kept = value >> shift;
  const rest = value - (kept << shift);
  const tie = 1 << (shift - 1);
  return rest > tie || (rest === tie && kept & 1) ? kept + 1 : kept;
}
