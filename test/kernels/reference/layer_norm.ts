/**
 * (x - mean(x)) / sqrt(variance(x) + eps) * weight + bias for every token, in f64 (Ba et al. 2016).
 * @param x `[tokens, hidden]`
 * @param weight `[hidden]`
 */
export function layerNorm(
  x: Float32Array,
  weight: Float32Array,
  bias: Float32Array,
  eps: number,
): Float64Array {
  const hidden = weight.length;
  const y = new Float64Array(x.length);
  for (let at = 0; at < x.length; at += hidden) {
    const token = Float64Array.from(x.subarray(at, at + hidden));
    const mean = token.reduce((sum, value) => sum + value) / hidden;
    const variance = token.reduce((sum, value) => sum + (value - mean) ** 2, 0) / hidden;
    for (let i = 0; i < hidden; i++) {
      y[at + i] = ((token[i]! - mean) / Math.sqrt(variance + eps)) * weight[i]! + bias[i]!;
    }
  }
  return y;
}
