/** The largest logit, and the sum of exp((logit - largest) / temperature), in f64. */
export function softmaxSum(
  logits: Float32Array,
  temperature: number,
): { largest: number; total: number } {
  const largest = logits.reduce((a, b) => Math.max(a, b));
  const total = logits.reduce((sum, logit) => sum + Math.exp((logit - largest) / temperature), 0);
  return { largest, total };
}
