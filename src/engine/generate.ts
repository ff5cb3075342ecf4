import type { Engine } from './engine.ts';
import { SettingError } from './errors.ts';
import { checkSampling, type SamplingOptions } from './sampling.ts';

export interface GenerateOptions extends Partial<SamplingOptions> {
  readonly max_tokens?: number;
}

export type FinishReason = 'stop' | 'length' | 'cancelled';

/** What an answer cost. */
export interface GenerationStatistics {
  readonly prompt_tokens: number;
  /** Tokens of the prompt that the KV cache held already, from the turns before. */
  readonly cached_tokens: number;
  readonly completion_tokens: number;
  /** Milliseconds from the call to the first generated token. */
  readonly time_to_first_token_ms: number;
  /** Generated tokens per second after the first. */
  readonly tokens_per_second: number;
  readonly prefill_tokens_per_second: number;
  /** The most bytes of weights that were on the GPU at once since the model was loaded. */
  readonly peak_weight_bytes: number;
  /** Bytes of weights read from disk for this answer. */
  readonly bytes_read: number;
  readonly largest_layer_bytes: number;
  readonly adapter: string;
}

export interface Generation {
  readonly token_ids: readonly number[];
  readonly finish_reason: FinishReason;
  readonly statistics: GenerationStatistics;
}

export interface GenerationHooks {
  /** A generated token that is part of the text; stop tokens are not. */
  onToken?(id: number): void;
  onPrefill?(done: number, total: number): void;
  readonly signal?: AbortSignal;
}

const MAX_TOKENS = 512;

/**
 * One conversation with an engine. It remembers which tokens the KV cache holds, so that a next turn only takes in
 * what is new.
 */
export class Conversation {
  private readonly engine: Engine;
  private cached: number[] = [];

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /**
   * Continues a prompt until a stop token, `max_tokens`, the end of the context or the signal.
   * @throws ContextLengthError, NonFiniteLogitsError, SettingError, DeviceLostError
   */
  async generate(
    prompt: readonly number[],
    stop_token_ids: readonly number[],
    options: GenerateOptions,
    hooks: GenerationHooks = {},
  ): Promise<Generation> {
    const { engine } = this;
    const sampling = checkSampling(options);
    const max_tokens = checkMaxTokens(options.max_tokens ?? MAX_TOKENS);
    if (prompt.length === 0) {
      throw new SettingError({ setting: 'prompt', value: 'empty', allowed: 'at least one token' });
    }
    const bytes_before = engine.weights.bytes_read;
    const started = performance.now();

    // The last token always passes again: its logits are wanted.
    const reused = Math.min(commonPrefix(this.cached, prompt), prompt.length - 1);
    this.cached.length = reused;
    const ids = [...prompt];
    const token_ids: number[] = [];
    let first_token_at = started;
    let finish_reason: FinishReason = 'length';
    try {
      await engine.prefill(prompt.slice(reused), reused, {
        ...(hooks.signal && { signal: hooks.signal }),
        onProgress: (done) => {
          this.cached = prompt.slice(0, reused + done);
          hooks.onPrefill?.(done, prompt.length - reused);
        },
      });
      const { signal } = hooks;
      const run = { most: max_tokens, ...(signal && { signal }) };
      for await (const id of engine.tokens(ids, sampling, run)) {
        if (token_ids.length === 0) first_token_at = performance.now();
        // The cache holds what came before; the token itself passes with the next one.
        this.cached = [...ids];
        if (stop_token_ids.includes(id)) {
          finish_reason = 'stop';
          break;
        }
        token_ids.push(id);
        ids.push(id);
        hooks.onToken?.(id);
        if (token_ids.length === max_tokens) break;
        hooks.signal?.throwIfAborted();
      }
    } catch (error) {
      if (!hooks.signal?.aborted) throw error;
      finish_reason = 'cancelled';
    }
    const ended = performance.now();
    const prefilled = prompt.length - reused;
    const decoding = ended - first_token_at;
    return {
      token_ids,
      finish_reason,
      statistics: {
        prompt_tokens: prompt.length,
        cached_tokens: reused,
        completion_tokens: token_ids.length,
        time_to_first_token_ms: first_token_at - started,
        tokens_per_second: perSecond(
          token_ids.length - (finish_reason === 'stop' ? 0 : 1),
          decoding,
        ),
        prefill_tokens_per_second: perSecond(prefilled, first_token_at - started),
        peak_weight_bytes: engine.ledger.read('weights').peak,
        bytes_read: engine.weights.bytes_read - bytes_before,
        largest_layer_bytes: engine.weights.largest_layer_bytes,
        adapter: engine.adapter,
      },
    };
  }
}

function checkMaxTokens(value: number): number {
  if (!Number.isInteger(value) || value < 1) {
    throw new SettingError({ setting: 'max_tokens', value, allowed: 'a whole number, 1 or more' });
  }
  return value;
}

function commonPrefix(a: readonly number[], b: readonly number[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

function perSecond(count: number, milliseconds: number): number {
  return count > 0 && milliseconds > 0 ? (count / milliseconds) * 1000 : 0;
}
