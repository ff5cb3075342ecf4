import type { Engine } from './engine.ts';

/** How likely the model finds each token of a text, given those before it. */
export interface Score {
  /** `[tokens - 1]` natural logarithm of the probability of token i + 1 */
  readonly logprobs: Float64Array;
  /** `[tokens - 1]` the likeliest and the second likeliest token, and how far their logits are apart */
  readonly top1: Uint32Array;
  readonly top2: Uint32Array;
  readonly margins: Float64Array;
  /** exp of the mean negative log-probability */
  readonly perplexity: number;
}

/**
 * Takes a text in at once (teacher forcing) and scores every token after the first.
 * @param onRow given the logits after each token but the last
 */
export async function score(
  engine: Engine,
  ids: readonly number[],
  onRow: (position: number, logits: Float32Array) => void = () => undefined,
): Promise<Score> {
  const count = ids.length - 1;
  const logprobs = new Float64Array(count);
  const top1 = new Uint32Array(count);
  const top2 = new Uint32Array(count);
  const margins = new Float64Array(count);
  const { vocab_size } = engine.config;
  await engine.prefill(ids, 0, {
    observer: {
      logits(first, rows) {
        for (let row = 0; row < rows.length / vocab_size && first + row < count; row++) {
          const logits = rows.subarray(row * vocab_size, (row + 1) * vocab_size);
          const [best, second] = bestTwo(logits);
          const at = first + row;
          onRow(at, logits);
          top1[at] = best;
          top2[at] = second;
          margins[at] = logits[best]! - logits[second]!;
          logprobs[at] = logits[ids[at + 1]!]! - logSumExp(logits, logits[best]!);
        }
      },
    },
  });
  const mean = logprobs.reduce((sum, value) => sum + value, 0) / count;
  return { logprobs, top1, top2, margins, perplexity: Math.exp(-mean) };
}

function bestTwo(logits: Float32Array): [number, number] {
  let best = 0;
  let second = -1;
  for (let i = 1; i < logits.length; i++) {
    if (logits[i]! > logits[best]!) {
      second = best;
      best = i;
    } else if (second < 0 || logits[i]! > logits[second]!) {
      second = i;
    }
  }
  return [best, second];
}

function logSumExp(logits: Float32Array, largest: number): number {
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  return largest + Math.log(sum);
}
