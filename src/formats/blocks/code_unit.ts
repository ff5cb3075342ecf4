/** Bits of a code. */
export type CodeWidth = 1 | 2 | 4;

const EVERY_BYTE = 0x01010101;

/**
 * The codes of 32 values: a byte each, and the same bytes as eight little-endian words, so that word k holds codes
 * 4 k to 4 k + 3. Codes of a few bits go into a plane several to a byte: of `width` words to a unit, word k holds words
 * k, k + width, k + 2 width, ... of the unit, the first in its bytes' lowest bits. The GPU takes them apart again with
 * one shift and one mask for four codes.
 */
export class CodeUnit {
  readonly codes = new Int8Array(32);
  readonly words = new Uint32Array(this.codes.buffer);

  /** Takes `width` bits, from bit `shift` on, of each of 32 bytes. */
  take(source: DataView, at: number, shift: number, width: CodeWidth): void {
    const mask = EVERY_BYTE * ((1 << width) - 1);
    for (let k = 0; k < 8; k++) {
      this.words[k] = (source.getUint32(at + 4 * k, true) >>> shift) & mask;
    }
  }

  /** Takes the bits of a word, the lowest first. */
  takeBits(word: number): void {
    for (let i = 0; i < 32; i++) this.codes[i] = (word >>> i) & 1;
  }

  /** Writes `width` bits of each code, from bit `place` on, into a plane: `4 * width` bytes. */
  pack(plane: DataView, at: number, width: CodeWidth, place = 0): void {
    const mask = EVERY_BYTE * ((1 << width) - 1);
    for (let k = 0; k < width; k++) {
      let word = 0;
      for (let from = k; from < 8; from += width) {
        word |= ((this.words[from]! >>> place) & mask) << (from - k);
      }
      plane.setUint32(at + 4 * k, word, true);
    }
  }

  /** Reads codes from a plane as `pack` wrote them. */
  unpack(plane: Uint8Array, at: number, width: CodeWidth): void {
    this.words.fill(0);
    this.addHigh(plane, at, width, 0);
  }

  /** Reads further bits of the codes, whose value is `2^place`. */
  addHigh(plane: Uint8Array, at: number, width: CodeWidth, place: number): void {
    const mask = (1 << width) - 1;
    for (let i = 0; i < 32; i++) {
      const k = i >> 2;
      const byte = plane[at + 4 * (k % width) + (i & 3)]!;
      this.codes[i]! |= ((byte >> (k - (k % width))) & mask) << place;
    }
  }

  /** Adds the same to every code. */
  shift(by: number): void {
    for (let i = 0; i < 32; i++) this.codes[i]! += by;
  }

  /** Puts for every code its value in a table. */
  look(table: readonly number[]): void {
    for (let i = 0; i < 32; i++) this.codes[i] = table[this.codes[i]!]!;
  }
}

/**
 * The values of `units` units of 32 codes q: d q + m, by float32 arithmetic, where 16 codes each share d and m.
 *
 * @param load fills `unit` with the codes of a unit
 * @param scale d of sixteen codes
 * @param min m of sixteen codes; without, the values are d q
 */
export function decodeUnits(
  unit: CodeUnit,
  units: number,
  load: (unit: number) => void,
  scale: (half: number) => number,
  min: (half: number) => number = () => -0,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(32 * units);
  for (let half = 0; half < 2 * units; half++) {
    if (half % 2 === 0) load(half / 2);
    const d = scale(half);
    const m = min(half);
    for (let i = 0; i < 16; i++) {
      values[16 * half + i] = Math.fround(d * unit.codes[16 * (half % 2) + i]!) + m;
    }
  }
  return values;
}
