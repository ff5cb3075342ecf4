/**
 * x / sqrt(mean(x^2) + eps) * weight for every token, in f64 (Zhang & Sennrich 2019).
 * @param x `[tokens, hidden]`
 * @param weight `[hidden]`
 */
export function rmsNorm(x: Float32Array, weight: Float32Array, eps: number): Float64Array {
  const hidden = weight.length;
  const y = new Float64Array(x.length);
  for (let at = 0; at < x.length; at += hidden) {
    const token = x.subarray(at, at + hidden);
    const squares = token.reduce((sum, value) => sum + value * value, 0);
    const rms = Math.sqrt(squares / hidden + eps);
    for (let i = 0; i < hidden; i++) y[at + i] = (token[i]! / rms) * weight[i]!;
  }
  return y;
}
