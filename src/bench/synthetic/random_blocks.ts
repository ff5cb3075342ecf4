import { BLOCK_TYPES, type BlockTypeName } from '../../formats/block_types.ts';
import { floatToHalf } from '../../formats/blocks/half.ts';

/** Numbers in [0, 1). */
type Random = () => number;

/**
 * Writes one block whose values have the mean 0 and the standard deviation `deviation`. A mean beside 0 would add
 * up over a row, and after some layers every state would be that one sum.
 */
type WriteBlock = (view: DataView, at: number, random: Random, deviation: number) => void;

/** Of values spread evenly over [-1, 1]. */
const EVEN_DEVIATION = 1 / Math.sqrt(3);
/** Of codes 0 to 15. */
const NIBBLE_DEVIATION = Math.sqrt((16 ** 2 - 1) / 12);
/** Of codes 0 to 63. */
const SIX_BITS = Math.sqrt((64 ** 2 - 1) / 12);
/** Of codes -128 to 127. */
const BYTE_DEVIATION = Math.sqrt((256 ** 2 - 1) / 12);

const WRITERS = {
  F32(view, at, random, deviation) {
    view.setFloat32(at, even(random, deviation), true);
  },
  F16(view, at, random, deviation) {
    view.setUint16(at, floatToHalf(even(random, deviation)), true);
  },
  Q4_0(view, at, random, deviation) {
    // Its codes stand for -8 to 7: a scale of either sign takes their mean away.
    const scale = sign(random) * scaleOf(random, deviation / NIBBLE_DEVIATION);
    view.setUint16(at, floatToHalf(scale), true);
    words(view, at + 2, 16, random);
  },
  Q4_1(view, at, random, deviation) {
    const scale = scaleOf(random, deviation / NIBBLE_DEVIATION);
    view.setUint16(at, floatToHalf(scale), true);
    view.setUint16(at + 2, floatToHalf(-7.5 * scale), true);
    words(view, at + 4, 16, random);
  },
  Q8_0(view, at, random, deviation) {
    const scale = sign(random) * scaleOf(random, deviation / BYTE_DEVIATION);
    view.setUint16(at, floatToHalf(scale), true);
    words(view, at + 2, 32, random);
  },
  Q4_K: (view, at, random, deviation) =>
    superBlock(view, at, random, { code: 15, bytes: 128, deviation }),
  Q5_K: (view, at, random, deviation) =>
    superBlock(view, at, random, { code: 31, bytes: 160, deviation }),
  Q6_K(view, at, random, deviation) {
    words(view, at, 208, random);
    // A scale of -128 to 127 times a code of -32 to 31.
    view.setUint16(
      at + 208,
      floatToHalf(scaleOf(random, deviation / (BYTE_DEVIATION * SIX_BITS))),
      true,
    );
  },
  BF16(view, at, random, deviation) {
    const half = new Float32Array([even(random, deviation)]);
    view.setUint16(at, new Uint32Array(half.buffer)[0]! >>> 16, true);
  },
} as const satisfies Partial<Record<BlockTypeName, WriteBlock>>;

/** Block types of which random blocks can be made. */
export type RandomType = keyof typeof WRITERS;

export const RANDOM_TYPES = Object.keys(WRITERS) as RandomType[];

/** `count` random blocks of valid scales and any codes. */
export function randomBlocks(
  type: RandomType,
  count: number,
  deviation: number,
  random: Random,
): Uint8Array<ArrayBuffer> {
  const { block_bytes } = BLOCK_TYPES[type];
  const write: WriteBlock = WRITERS[type];
  const bytes = new Uint8Array(count * block_bytes);
  const view = new DataView(bytes.buffer);
  for (let b = 0; b < count; b++) write(view, b * block_bytes, random, deviation);
  return bytes;
}

/**
 * d and dmin, then scales and minimums of 6 bits, then codes from 0 on: d * scale * code - dmin * minimum. With dmin the
 * mean code times d, both have the same mean.
 */
function superBlock(
  view: DataView,
  at: number,
  random: Random,
  { code, bytes, deviation }: { code: number; bytes: number; deviation: number },
): void {
  const mean = code / 2;
  const [scale, square] = [63 / 2, (63 * (2 * 63 + 1)) / 6];
  const codes = (code * (2 * code + 1)) / 6;
  const variance = square * codes - 2 * (mean * scale) ** 2 + mean ** 2 * square;
  const d = scaleOf(random, deviation / Math.sqrt(variance));
  view.setUint16(at, floatToHalf(d), true);
  view.setUint16(at + 2, floatToHalf(mean * d), true);
  words(view, at + 4, 12 + bytes, random);
}

function even(random: Random, deviation: number): number {
  return ((2 * random() - 1) * deviation) / EVEN_DEVIATION;
}

/** Scales of one tensor differ by a quarter up or down. */
function scaleOf(random: Random, mean: number): number {
  return mean * (0.75 + 0.5 * random());
}

function sign(random: Random): number {
  return random() < 0.5 ? -1 : 1;
}

function words(view: DataView, at: number, bytes: number, random: Random): void {
  for (let i = 0; i < bytes; i += 4) view.setUint32(at + i, random() * 2 ** 32, true);
}
