/** The likeliest token; of equals, the one with the lowest id. */
export function argmax(logits: Float32Array): number {
  return logits.reduce((best, logit, id) => (logit > logits[best]! ? id : best), 0);
}
