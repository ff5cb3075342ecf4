import type { Gpu } from '../gpu/device.ts';
import { renderChat } from '../model/chat_template.ts';
import { createTextStream, createTokenizer, type Tokenizer } from '../model/tokenizer.ts';
import type { ChatMessage } from '../model/tokenizer_data.ts';
import { tokenizerOf } from '../model/tokenizer_data.ts';
import { BudgetTooSmallError } from '../plan/errors.ts';
import { type Plan, planOf, TYPICAL } from '../plan/planner.ts';
import { type Exchange, type Prediction, predict } from '../plan/predict.ts';
import type { ModelRates } from '../plan/rates.ts';
import type { Residency } from '../plan/residency.ts';
import type { Manifest } from '../store/manifest.ts';
import { openManifest } from '../store/open_pack.ts';
import type { OnProgress } from '../store/progress.ts';
import { verifyPack } from '../store/verify.ts';
import type { WeightStore } from '../store/weight_store.ts';
import { Engine, type EngineOptions } from './engine.ts';
import { EngineBusyError } from './errors.ts';
import {
  Conversation,
  type GenerateOptions,
  type Generation,
  type GenerationStatistics,
} from './generate.ts';
import { measuredBefore } from './measured.ts';
import { limitsOf } from './open_model.ts';
import {
  budgetOf,
  candidateOf,
  engineOptions,
  type Knowledge,
  NO_KNOWLEDGE,
  planModel,
  plannedContext,
  sizeModel,
} from './plan_model.ts';
import type { SizeOptions } from './sizes.ts';

/** How a model is to run. */
export interface RunOptions {
  /** As in `EngineOptions`; `auto`: what the planner finds best. */
  readonly residency?: Residency | 'auto' | undefined;
  /** Whether `auto` may take seconds to measure what is not known, or goes by the sizes alone; it may unless given. */
  readonly measures?: boolean | undefined;
  /** When streaming: bytes of weights that may stay on the GPU beside the slot; unless given, what the budget leaves. */
  readonly budget_weights?: number | undefined;
  /** Bytes of GPU memory that all buffers together may take; unless given, `auto` and `streaming` find out what is safe. */
  readonly budget?: number | undefined;
}

export interface ChatModelOptions extends RunOptions {
  readonly gpu: Gpu;
  readonly store: WeightStore;
  readonly pack: string;
  /** Told how far the verification is. */
  readonly onProgress?: OnProgress | undefined;
  /** Tokens of context; the model's own limit unless given. */
  readonly context_length?: number | undefined;
  /** What the planner goes by; unless given it measures, and forgets. */
  readonly knowledge?: Knowledge | undefined;
}

export interface ChatHooks {
  /** A piece of the answer; the pieces together are the answer. */
  onText?(text: string): void;
  /** Tokens of the prompt that have been taken in. */
  onPrefill?(done: number, total: number): void;
  readonly signal?: AbortSignal | undefined;
}

export interface AnswerStatistics extends GenerationStatistics {
  /** What the planner says of such an answer in such a residency; null where nothing has been measured. */
  readonly predicted: PredictedSpeed | null;
}

export interface PredictedSpeed {
  readonly tokens_per_second: number;
  readonly time_to_first_token_ms: number;
}

export interface Answer extends Generation {
  readonly text: string;
  readonly statistics: AnswerStatistics;
}

/** A model that answers: the tokenizer and the chat template of a pack around an engine that runs it. */
export class ChatModel {
  readonly pack: string;
  readonly manifest: Manifest;
  readonly tokenizer: Tokenizer;
  readonly engine: Engine;
  private readonly about: ModelOnDevice;
  private planned: Planned | null;
  private conversation: Conversation;
  private busy = false;

  private constructor(
    about: ModelOnDevice,
    tokenizer: Tokenizer,
    engine: Engine,
    planned: Planned | null,
  ) {
    this.about = about;
    this.planned = planned;
    this.pack = about.pack;
    this.manifest = about.model;
    this.tokenizer = tokenizer;
    this.engine = engine;
    this.conversation = new Conversation(engine);
  }

  /**
   * Verifies every file of a pack, then puts it on the device.
   * @throws PackNotFoundError, PackIncompleteError, ManifestInvalidError, PackCorruptedError,
   * BudgetTooSmallError and NoScratchSpaceError when planning, and the engine's errors
   */
  static async load(options: ChatModelOptions): Promise<ChatModel> {
    const { gpu, store, pack, onProgress, context_length, knowledge = NO_KNOWLEDGE } = options;
    const model = await openManifest(store, pack);
    await verifyPack(store, pack, model, onProgress);
    const tokenizer = createTokenizer(tokenizerOf(model));
    const about = { gpu, store, pack, model, ...knowledge };
    const { sizes, planned } = await wayFor(about, options, { context_length });
    const engine = await Engine.create({ gpu, store, pack, manifest: model, ...sizes });
    return new ChatModel(about, tokenizer, engine, planned);
  }

  /** What was predicted for it; null where nothing has been measured. */
  get plan(): Plan | null {
    return this.planned?.plan ?? null;
  }

  /**
   * Has the model run in another way from now on, with its conversation kept.
   * @throws EngineBusyError, BudgetTooSmallError, NoScratchSpaceError and the engine's errors: all is as it was before
   */
  async setResidency(options: RunOptions): Promise<void> {
    await this.exclusively(async () => {
      const { engine } = this;
      const { context_length, prefill_tokens } = engine;
      const fixed = { context_length, prefill_tokens };
      const { sizes, planned } = await wayFor(this.about, options, fixed);
      await engine.setResidency(sizes);
      this.planned = planned;
    });
  }

  /** How fast it should be as it runs now; null where nothing has been measured. */
  predict(exchange: Exchange): Prediction | null {
    return this.planned && predict(this.planned.plan.work, this.planned.rates, exchange);
  }

  /** The ids of a conversation up to where the assistant begins to speak. @throws ChatTemplateError */
  promptIds(messages: readonly ChatMessage[]): number[] {
    const prompt = renderChat(tokenizerOf(this.manifest), messages, {
      add_generation_prompt: true,
    });
    return this.tokenizer.withBos(this.tokenizer.encode(prompt, { special: true }));
  }

  /**
   * Answers a conversation. What the KV cache holds of it from the last answer is not computed again.
   * @throws EngineBusyError, ChatTemplateError, and those of `Conversation.generate`
   */
  async answer(
    messages: readonly ChatMessage[],
    options: GenerateOptions,
    { onText, onPrefill, signal }: ChatHooks = {},
  ): Promise<Answer> {
    return this.exclusively(async () => {
      const stream = createTextStream(this.tokenizer);
      let text = '';
      const emit = (piece: string) => {
        if (piece === '') return;
        text += piece;
        onText?.(piece);
      };
      const { stop_token_ids } = tokenizerOf(this.manifest);
      const generation = await this.conversation.generate(
        this.promptIds(messages),
        stop_token_ids,
        options,
        {
          onToken: (id) => emit(stream.push(id)),
          ...(onPrefill && { onPrefill }),
          ...(signal && { signal }),
        },
      );
      emit(stream.end());
      const statistics = {
        ...generation.statistics,
        predicted: this.predictionOf(generation.statistics),
      };
      return { text, ...generation, statistics };
    });
  }

  /**
   * Lends the engine, for measuring; the next answer begins with an empty cache.
   * @throws EngineBusyError
   */
  lend<T>(action: (engine: Engine) => Promise<T>): Promise<T> {
    return this.exclusively(async () => {
      try {
        return await action(this.engine);
      } finally {
        this.conversation = new Conversation(this.engine);
      }
    });
  }

  private predictionOf(statistics: GenerationStatistics): PredictedSpeed | null {
    const { prompt_tokens, cached_tokens, completion_tokens } = statistics;
    // What is in the cache already costs nothing, but later tokens look back at it.
    const prompt = this.predict({
      prompt_tokens: prompt_tokens - cached_tokens,
      generated_tokens: 0,
    });
    const answer = this.predict({ prompt_tokens, generated_tokens: completion_tokens });
    return (
      prompt &&
      answer && {
        time_to_first_token_ms: prompt.time_to_first_token_seconds * 1000,
        tokens_per_second: answer.decode_tokens_per_second,
      }
    );
  }

  private async exclusively<T>(action: () => Promise<T>): Promise<T> {
    if (this.busy) throw new EngineBusyError();
    this.busy = true;
    try {
      return await action();
    } finally {
      this.busy = false;
    }
  }

  /** Frees all GPU memory and closes the pack. */
  destroy(): void {
    this.engine.destroy();
  }
}

/** A model, where it is, and what is known of its device. */
interface ModelOnDevice extends Knowledge {
  readonly gpu: Gpu;
  readonly store: WeightStore;
  readonly pack: string;
  readonly model: Manifest;
}

/** What is predicted, and the rates that it goes by. */
interface Planned {
  readonly plan: Plan;
  readonly rates: ModelRates;
}

type Sized = SizeOptions & Pick<EngineOptions, 'budget' | 'choices'>;

/** What an engine is made with, and what is predicted for it if the device has been measured. */
async function wayFor(
  about: ModelOnDevice,
  { residency = 'strict', measures = true, ...run }: RunOptions,
  fixed: Pick<SizeOptions, 'context_length' | 'prefill_tokens'>,
): Promise<{ sizes: Sized; planned: Planned | null }> {
  const known = await measuredBefore(about);
  if (residency === 'auto') {
    const options = { ...about, ...fixed, budget: run.budget };
    if (!known && !measures) return { sizes: await sizeModel(options), planned: null };
    const chosen = await planModel(options);
    return { sizes: engineOptions(chosen), planned: chosen };
  }
  const { model, gpu } = about;
  const candidate = (sizes: SizeOptions) => candidateOf(model, limitsOf(gpu.device), sizes);
  let { budget, budget_weights } = run;
  let least: SizeOptions = { ...fixed, ring: known?.ring };
  if (residency === 'streaming' && budget_weights === undefined) {
    const options = { ...about, ...fixed, budget };
    budget = await budgetOf(options);
    least = { ...least, context_length: plannedContext(options) };
    budget_weights = Math.max(0, budget - candidate(least).most_bytes);
  }
  const sizes = { ...least, residency, budget, budget_weights };
  const chosen = candidate(sizes);
  if (budget !== undefined && chosen.most_bytes > budget) {
    throw new BudgetTooSmallError({ budget, needed: chosen.most_bytes, residency });
  }
  const planned = known && { plan: planOf(chosen, known.rates, TYPICAL), rates: known.rates };
  return { sizes: { ...sizes, choices: known?.choices }, planned };
}
