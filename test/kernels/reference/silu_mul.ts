/** silu(gate) * up, in f64 (Shazeer 2020). */
export function siluMul(gate: Float32Array, up: Float32Array): Float64Array {
  return Float64Array.from(gate, (x, i) => (x / (1 + Math.exp(-x))) * up[i]!);
}
