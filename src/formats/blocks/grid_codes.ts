import type { CodeUnit } from './code_unit.ts';

/** The eighth sign makes the number of negative ones even. */
export function evenSigns(seven: number): number {
  let parity = seven;
  for (const shift of [4, 2, 1]) parity ^= parity >> shift;
  return seven | ((parity & 1) << 7);
}

/** Puts group `g` of eight values: levels 8, 25 and 43, negative where a bit of `signs` is set. */
export function putGridEight(unit: CodeUnit, g: number, entry: number, signs: number): void {
  for (let i = 0; i < 8; i++) {
    const level = [8, 25, 43][(entry >> (2 * i)) & 3]!;
    unit.codes[8 * g + i] = (signs >> i) & 1 ? -level : level;
  }
}

/** Puts group `g` of four values, negative where a bit of `signs` is set. */
export function putGridFour(
  unit: CodeUnit,
  g: number,
  entry: number,
  levels: readonly number[],
  signs: number,
): void {
  for (let i = 0; i < 4; i++) {
    const level = levels[(entry >> (4 * i)) & 15]!;
    unit.codes[4 * g + i] = (signs >> i) & 1 ? -level : level;
  }
}

/** Puts group `g` of eight values: eight times -1, 0 or 1, and `shift`. */
export function putTernaryEight(unit: CodeUnit, g: number, entry: number, shift: number): void {
  for (let i = 0; i < 8; i++) unit.codes[8 * g + i] = 8 * (((entry >> (2 * i)) & 3) - 1) + shift;
}
