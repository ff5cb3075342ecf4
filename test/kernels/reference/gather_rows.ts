/**
 * Rows of a matrix, in the order of `ids`.
 * @param w `[rows, cols]`
 * @returns `[ids.length, cols]`
 */
export function gatherRows(w: Float32Array, ids: Uint32Array, cols: number): Float32Array {
  const y = new Float32Array(ids.length * cols);
  for (const [token, id] of ids.entries()) {
    y.set(w.subarray(id * cols, (id + 1) * cols), token * cols);
  }
  return y;
}
