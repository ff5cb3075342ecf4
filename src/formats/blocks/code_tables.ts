/** What the codes of IQ4_NL and IQ4_XS stand for: steps that widen away from zero. */
export const IQ4_VALUES: readonly number[] = [
  -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
];

/** Twice what the codes of MXFP4 and NVFP4 stand for: floats of a sign, two bits of exponent and one of fraction. */
export const E2M1_VALUES: readonly number[] = [
  0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12,
];
