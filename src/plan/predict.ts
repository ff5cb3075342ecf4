import { type PipelineStep, pipelineSeconds } from './pipeline.ts';
import type { ModelRates } from './rates.ts';

/** One step of a pass over a model. */
export interface PassStep {
  readonly kind: 'embedding' | 'layer' | 'head';
  /** Bytes of each piece that is read for it; empty: it stays on the GPU. */
  readonly reads: readonly number[];
  /** What it is of an average layer, or of the whole output matrix. */
  readonly share: number;
}

/** What a model does for a token or a chunk of a prompt, with some parts on the GPU and the others on disk. */
export interface ModelWork {
  readonly steps: readonly PassStep[];
  /** Tokens of a prompt that go through the model together. */
  readonly prefill_tokens: number;
  /** Pieces of the staging ring. */
  readonly pieces: number;
  /** Tokens that are computed ahead of what has come back. */
  readonly tokens_in_flight: number;
}

export interface Prediction {
  readonly decode_tokens_per_second: number;
  readonly prefill_tokens_per_second: number;
  readonly time_to_first_token_seconds: number;
}

/** A prompt and its answer. */
export interface Exchange {
  readonly prompt_tokens: number;
  readonly generated_tokens: number;
}

/** Greedy decoding after a prompt, neither of it in the cache. */
export function predict(
  work: ModelWork,
  rates: ModelRates,
  { prompt_tokens, generated_tokens }: Exchange,
): Prediction {
  const first = firstTokenSeconds(work, rates, prompt_tokens);
  return {
    // The time of a token grows evenly with its position: the middle one takes the average.
    decode_tokens_per_second: 1 / tokenSeconds(work, rates, prompt_tokens + generated_tokens / 2),
    prefill_tokens_per_second: prompt_tokens / first,
    time_to_first_token_seconds: first,
  };
}

/** Seconds of one token while decoding. */
export function tokenSeconds(work: ModelWork, rates: ModelRates, position: number): number {
  const layer = rates.layer_seconds + position * rates.position_seconds;
  const steps = timed(work.steps, rates, 1, { layer, pass: rates.pass_seconds });
  const pass = pipelineSeconds(steps, limitsOf(work, rates));
  const busy = pass + rates.choose_seconds;
  return Math.max(busy, (busy + rates.latency_seconds) / work.tokens_in_flight);
}

/** Seconds from the prompt to the first token. The chunks follow each other without a wait; the last one has a head. */
export function firstTokenSeconds(work: ModelWork, rates: ModelRates, tokens: number): number {
  const steps: PipelineStep[] = [];
  for (let first = 0; first < tokens; first += work.prefill_tokens) {
    const count = Math.min(work.prefill_tokens, tokens - first);
    const later = count * first * rates.chunk_position_seconds;
    const layer = chunkSeconds(rates, count, 'layer_seconds') + later;
    const pass = chunkSeconds(rates, count, 'pass_seconds');
    const last = first + count === tokens;
    const some = last ? work.steps : work.steps.filter(({ kind }) => kind !== 'head');
    steps.push(...timed(some, rates, count, { layer, pass }));
  }
  return (
    pipelineSeconds(steps, limitsOf(work, rates)) + rates.choose_seconds + rates.latency_seconds
  );
}

/** Seconds of a chunk: between two measured sizes on a line, beyond the largest on the last line. */
export function chunkSeconds(
  { chunks }: ModelRates,
  tokens: number,
  of: 'layer_seconds' | 'pass_seconds',
): number {
  const above = chunks.findIndex((chunk) => chunk.tokens >= tokens);
  const end = Math.max(1, above < 0 ? chunks.length - 1 : above);
  const from = chunks[end - 1]!;
  const to = chunks[end] ?? from;
  if (from.tokens === to.tokens) return (from[of] * tokens) / from.tokens;
  const slope = (to[of] - from[of]) / (to.tokens - from.tokens);
  // Beyond the last size a line that falls would end below nothing.
  return Math.max(0, from[of] + slope * (tokens - from.tokens));
}

/** @param seconds of an average layer, and of a pass besides its layers and its head */
export function timed(
  steps: readonly PassStep[],
  rates: Omit<ModelRates, 'slowdown'>,
  tokens: number,
  { layer, pass }: { readonly layer: number; readonly pass: number },
): PipelineStep[] {
  const computing = { embedding: pass, layer, head: rates.head_seconds };
  return steps.map(({ kind, reads, share }) => ({
    reads: reads.map((bytes) =>
      kind === 'embedding'
        ? rates.piece_seconds + tokens * rates.row_seconds
        : rates.piece_seconds + bytes / rates.bytes_per_second,
    ),
    compute: computing[kind] * share,
  }));
}

const limitsOf = ({ pieces }: ModelWork, { slowdown }: ModelRates) => ({ pieces, slowdown });
