import type { SamplingOptions } from '../../../src/engine/sampling.ts';

type Scores = readonly number[];
const GONE = Number.NEGATIVE_INFINITY;

/**
 * The probabilities from which Hugging Face's `generate` draws, step by step as its logits warpers do it (Temperature,
 * TopK, TopP, MinP, in this order): a filter sets scores to -infinity, and the next one sees the softmax of the rest.
 */
export function probabilities(logits: Float32Array, options: SamplingOptions): number[] {
  let scores: Scores = Array.from(logits, (logit) => logit / options.temperature);
  if (options.top_k > 0) scores = topK(scores, options.top_k);
  if (options.top_p < 1) scores = topP(scores, options.top_p);
  if (options.min_p > 0) scores = minP(scores, options.min_p);
  return softmax(scores);
}

function topK(scores: Scores, k: number): Scores {
  const kth = [...scores].sort((a, b) => b - a)[Math.min(k, scores.length) - 1]!;
  return scores.map((score) => (score < kth ? GONE : score));
}

/** Removes from the least likely up, as long as what is removed sums to 1 - p at most; one token stays. */
function topP(scores: Scores, p: number): Scores {
  const left = softmax(scores);
  const ascending = scores.map((_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
  const kept = [...scores];
  let removed = 0;
  for (const i of ascending.slice(0, -1)) {
    removed += left[i]!;
    if (removed <= 1 - p) kept[i] = GONE;
  }
  return kept;
}

function minP(scores: Scores, p: number): Scores {
  const left = softmax(scores);
  const threshold = p * Math.max(...left);
  return scores.map((score, i) => (left[i]! < threshold ? GONE : score));
}

function softmax(scores: Scores): number[] {
  const largest = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - largest));
  const total = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / total);
}
