/** Logits of tokens in `ids` divided by the penalty where positive, multiplied where not (Keskar et al. 2019). */
export function repetitionPenalty(
  logits: Float32Array,
  ids: Iterable<number>,
  penalty: number,
): Float64Array {
  const y = Float64Array.from(logits);
  for (const id of new Set(ids)) {
    y[id] = logits[id]! > 0 ? logits[id]! / penalty : logits[id]! * penalty;
  }
  return y;
}
