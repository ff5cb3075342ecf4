/** How far values are from what they should be, as a part of these: the norm of the difference over the norm. */
export function relativeError(actual: Float32Array, expected: Float32Array): number {
  const sum = new ErrorSum();
  sum.add(actual, expected);
  return sum.relative;
}

/** The same of values that come a few at a time. */
export class ErrorSum {
  private difference = 0;
  private size = 0;

  add(actual: Float32Array, expected: Float32Array): void {
    for (let i = 0; i < expected.length; i++) {
      const value = expected[i]!;
      this.difference += (actual[i]! - value) ** 2;
      this.size += value ** 2;
    }
  }

  /** Where all should be 0, the norm of what they are. */
  get relative(): number {
    return Math.sqrt(this.size === 0 ? this.difference : this.difference / this.size);
  }
}
