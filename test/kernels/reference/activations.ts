import type { Activation } from '../../../src/model/config.ts';

/** Activations in f64 (Hendrycks & Gimpel 2016 for GELU, and for its approximation through tanh). */
export const ACTIVATION_OF: Readonly<Record<Activation, (x: number) => number>> = {
  silu: (x) => x / (1 + Math.exp(-x)),
  gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  // 1 + tanh(u) would lose its digits far below 0.
  gelu_tanh: (x) => x / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  relu: (x) => Math.max(x, 0),
  // gpt-oss's, as OpenAI published it.
  clamped_silu: (x) => Math.min(x, 7) / (1 + Math.exp(-1.702 * Math.min(x, 7))),
};

/** What a gate lets through. */
export function throughGate(name: Activation, gate: number, up: number): number {
  const by = name === 'clamped_silu' ? Math.min(Math.max(up, -7), 7) + 1 : up;
  return ACTIVATION_OF[name](gate) * by;
}

/** silu(gate) * up (Shazeer 2020). */
export function siluMul(gate: Float32Array, up: Float32Array): Float64Array {
  return Float64Array.from(gate, (x, i) => ACTIVATION_OF.silu(x) * up[i]!);
}

/** The error function: its Taylor series near 0, and the continued fraction of what it lacks to 1 far out. */
function erf(x: number): number {
  const z = Math.abs(x);
  if (z > 2) {
    let fraction = 0;
    for (let n = 60; n > 0; n--) fraction = n / 2 / (z + fraction);
    return Math.sign(x) * (1 - Math.exp(-z * z) / (Math.sqrt(Math.PI) * (z + fraction)));
  }
  let term = x;
  let sum = x;
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}
