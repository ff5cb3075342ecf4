import { SettingError } from './errors.ts';

/** How the next token is chosen. The order of the filters is that of Hugging Face's `generate`. */
export interface SamplingOptions {
  /** 0: greedy. */
  readonly temperature: number;
  /** Keep the k likeliest tokens; 0: all. */
  readonly top_k: number;
  /** Keep the likeliest tokens whose probabilities sum to p (Holtzman et al. 2019); 1: all. */
  readonly top_p: number;
  /** Keep tokens at least min_p times as likely as the likeliest (Nguyen et al. 2024); 0: all. */
  readonly min_p: number;
  /** Divides the positive and multiplies the negative logits of tokens already in the context; 1: off. */
  readonly repetition_penalty: number;
  readonly seed: number;
}

export const GREEDY: SamplingOptions = {
  temperature: 0,
  top_k: 0,
  top_p: 1,
  min_p: 0,
  repetition_penalty: 1,
  seed: 0,
};

const RANGES: Readonly<Record<keyof SamplingOptions, [(value: number) => boolean, string]>> = {
  temperature: [(t) => t >= 0 && t <= 100, 'a number from 0 to 100'],
  top_k: [(k) => Number.isInteger(k) && k >= 0, 'a whole number, 0 for all'],
  top_p: [(p) => p > 0 && p <= 1, 'a number above 0, at most 1'],
  min_p: [(p) => p >= 0 && p <= 1, 'a number from 0 to 1'],
  repetition_penalty: [(r) => r > 0 && r <= 100, 'a number above 0, at most 100'],
  seed: [(s) => Number.isSafeInteger(s) && s >= 0, 'a whole number, 0 or more'],
};

/** Fills in what is missing with greedy decoding's values. @throws SettingError */
export function checkSampling(options: Partial<SamplingOptions>): SamplingOptions {
  const all = { ...GREEDY, ...options };
  for (const [name, [valid, allowed]] of Object.entries(RANGES)) {
    const value = all[name as keyof SamplingOptions];
    if (typeof value !== 'number' || !valid(value)) {
      throw new SettingError({ setting: name, value, allowed });
    }
  }
  return all;
}

/** The likeliest tokens, likeliest first, and the softmax's denominator over the whole vocabulary. */
export interface Candidates {
  readonly ids: Uint32Array;
  readonly logits: Float32Array;
  /** Sum over the vocabulary of exp((logit - logits[0]) / temperature). */
  readonly total: number;
  /** These are all tokens of the vocabulary. */
  readonly complete: boolean;
}

/**
 * Draws a token. Returns null when the candidates do not reach far enough for these options: then ask again with
 * all of the vocabulary.
 * @param u a number in [0, 1)
 */
export function draw(candidates: Candidates, options: SamplingOptions, u: number): number | null {
  const { ids, logits, total, complete } = candidates;
  const { temperature, top_k, top_p, min_p } = options;
  const weights = Float64Array.from(logits, (logit) =>
    Math.exp((logit - logits[0]!) / temperature),
  );
  let kept = weights.length;
  let mass = total;
  let bounded = complete;
  // Of how much is top_p a part? The sum of the k likeliest is not known.
  if (top_k > kept && top_p < 1 && !complete) return null;
  if (top_k > 0 && (top_k <= kept || complete)) {
    kept = Math.min(top_k, kept);
    mass = sumOf(weights, kept);
    bounded = true;
  }
  if (top_p < 1) {
    let sum = 0;
    let count = 0;
    while (count < kept && sum < top_p * mass) sum += weights[count++]!;
    if (sum >= top_p * mass) bounded = true;
    kept = count;
  }
  if (min_p > 0) {
    let count = kept;
    while (count > 1 && weights[count - 1]! < min_p) count--;
    if (count < kept) bounded = true;
    kept = count;
  }
  if (!bounded) return null;
  let left = u * sumOf(weights, kept);
  for (let i = 0; i < kept; i++) {
    left -= weights[i]!;
    if (left < 0) return ids[i]!;
  }
  return ids[kept - 1]!;
}

/** All of a row of logits as candidates; of equals, the lowest id first. */
export function allCandidates(row: Float32Array, temperature: number): Candidates {
  const ids = Uint32Array.from(row, (_, i) => i).sort((a, b) => row[b]! - row[a]! || a - b);
  const logits = Float32Array.from(ids, (id) => row[id]!);
  const total = logits.reduce(
    (sum, logit) => sum + Math.exp((logit - logits[0]!) / temperature),
    0,
  );
  return { ids, logits, total, complete: true };
}

function sumOf(values: Float64Array, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[i]!;
  return sum;
}
