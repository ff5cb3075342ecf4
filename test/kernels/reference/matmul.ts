/**
 * Y = X W^T in f64.
 * @param w `[rows, cols]`
 * @param x `[tokens, cols]`
 * @returns `[tokens, rows]`
 */
export function matmul(w: Float32Array, x: Float32Array, cols: number): Float64Array {
  const rows = w.length / cols;
  const tokens = x.length / cols;
  const y = new Float64Array(tokens * rows);
  for (let token = 0; token < tokens; token++) {
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let col = 0; col < cols; col++) sum += w[row * cols + col]! * x[token * cols + col]!;
      y[token * rows + row] = sum;
    }
  }
  return y;
}
