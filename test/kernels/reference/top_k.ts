/** The `k` likeliest tokens, likeliest first; of equals, the lowest id first. */
export function topK(logits: Float32Array, k: number): Uint32Array {
  const ids = Uint32Array.from(logits, (_, id) => id);
  return ids.sort((a, b) => logits[b]! - logits[a]! || a - b).subarray(0, k);
}
