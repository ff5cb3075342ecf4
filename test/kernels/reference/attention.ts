import { type Pages, rowOf } from './kv_pages.ts';

export interface AttentionOptions {
  /** Positions that a token sees, its own among them. */
  readonly window?: number;
  /** A score s becomes cap tanh(s / cap). */
  readonly cap?: number;
  /** By how much each head's scores fall from a position to the one before it. */
  readonly slopes?: readonly number[];
  /** A score for each head that belongs to no key. */
  readonly sinks?: readonly number[];
}

/** ALiBi's slopes (Press et al. 2022, as published with the code). */
export function alibiSlopes(heads: number): number[] {
  const whole = 2 ** Math.floor(Math.log2(heads));
  const slopes = Array.from({ length: whole }, (_, i) => 2 ** ((-8 * (i + 1)) / whole));
  if (whole === heads) return slopes;
  const between = alibiSlopes(2 * whole).filter((_, i) => i % 2 === 0);
  return [...slopes, ...between.slice(0, heads - whole)];
}

/**
 * softmax(q k^T / sqrt(head_dim)) v for every token and head, in f64: the scores first, then the softmax, then the
 * values (Vaswani et al. 2017). A token sees the positions of its sequence up to its own; head h uses the keys and
 * values of head h / (heads / kv_heads) (Ainslie et al. 2023).
 * @param q `[tokens, heads, head_dim]`
 * @param k `[pages, page, kv_heads, head_dim]`
 * @param v likewise
 * @param tokens `[tokens, 2]` position and sequence
 * @returns `[tokens, heads, head_dim]`
 */
export function attention(
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  tokens: Uint32Array,
  pages: Pages,
  shape: { heads: number; kv_heads: number; head_dim: number } & AttentionOptions,
): Float64Array {
  const {
    heads,
    kv_heads,
    head_dim,
    window = Number.POSITIVE_INFINITY,
    cap,
    slopes,
    sinks,
  } = shape;
  const y = new Float64Array(q.length);
  for (let token = 0; token < tokens.length / 2; token++) {
    const [position, sequence] = [tokens[2 * token]!, tokens[2 * token + 1]!];
    for (let head = 0; head < heads; head++) {
      const kv_head = Math.floor(head / (heads / kv_heads));
      const own = (token * heads + head) * head_dim;
      const places = Array.from({ length: position + 1 }, (_, seen) => {
        return (rowOf(pages, sequence, seen) * kv_heads + kv_head) * head_dim;
      });
      const scores = places.map((place, seen) => {
        if (seen + window <= position) return Number.NEGATIVE_INFINITY;
        let dot = 0;
        for (let d = 0; d < head_dim; d++) dot += q[own + d]! * k[place + d]!;
        const score = dot / Math.sqrt(head_dim);
        const capped = cap ? cap * Math.tanh(score / cap) : score;
        return capped - (slopes?.[head] ?? 0) * (position - seen);
      });
      const weights = softmax(sinks ? [...scores, sinks[head]!] : scores);
      for (const [seen, place] of places.entries()) {
        if (weights[seen] === 0) continue;
        for (let d = 0; d < head_dim; d++) y[own + d]! += weights[seen]! * v[place + d]!;
      }
    }
  }
  return y;
}

function softmax(scores: readonly number[]): number[] {
  const largest = scores.reduce((a, b) => Math.max(a, b));
  const weights = scores.map((score) => Math.exp(score - largest));
  const total = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / total);
}
