import type { Gpu } from '../gpu/device.ts';
import { renderChat } from '../model/chat_template.ts';
import { createTextStream, createTokenizer, type Tokenizer } from '../model/tokenizer.ts';
import type { ChatMessage } from '../model/tokenizer_data.ts';
import { type Plan, planOf, TYPICAL } from '../plan/planner.ts';
import type { Residency } from '../plan/residency.ts';
import type { Manifest } from '../store/manifest.ts';
import { openManifest } from '../store/open_pack.ts';
import type { OnProgress } from '../store/progress.ts';
import { verifyPack } from '../store/verify.ts';
import type { WeightStore } from '../store/weight_store.ts';
import { Engine } from './engine.ts';
import { EngineBusyError } from './errors.ts';
import { Conversation, type GenerateOptions, type Generation } from './generate.ts';
import { measuredBefore } from './measured.ts';
import { limitsOf } from './open_model.ts';
import {
  candidateOf,
  engineOptions,
  type Knowledge,
  NO_KNOWLEDGE,
  planModel,
} from './plan_model.ts';
import type { SizeOptions } from './sizes.ts';

export interface ChatModelOptions {
  readonly gpu: Gpu;
  readonly store: WeightStore;
  readonly pack: string;
  /** Told how far the verification is. */
  readonly onProgress?: OnProgress | undefined;
  /** Tokens of context; the model's own limit unless given. */
  readonly context_length?: number | undefined;
  /** As in `EngineOptions`; `auto`: what the planner finds best. */
  readonly residency?: Residency | 'auto' | undefined;
  readonly budget_weights?: number | undefined;
  /** Bytes of GPU memory that all buffers together may take; unless given, `auto` finds out what is safe. */
  readonly budget?: number | undefined;
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

export interface Answer extends Generation {
  readonly text: string;
}

/** A model that answers: the tokenizer and the chat template of a pack around an engine that runs it. */
export class ChatModel {
  readonly pack: string;
  readonly manifest: Manifest;
  readonly tokenizer: Tokenizer;
  readonly engine: Engine;
  /** What was predicted for it; null where nothing has been measured. */
  readonly plan: Plan | null;
  private conversation: Conversation;
  private busy = false;

  private constructor(
    pack: string,
    manifest: Manifest,
    tokenizer: Tokenizer,
    engine: Engine,
    plan: Plan | null,
  ) {
    this.plan = plan;
    this.pack = pack;
    this.manifest = manifest;
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
    const { gpu, store, pack, onProgress, knowledge = NO_KNOWLEDGE } = options;
    const { residency = 'strict', context_length, budget, budget_weights } = options;
    const manifest = await openManifest(store, pack);
    await verifyPack(store, pack, manifest, onProgress);
    const tokenizer = createTokenizer(manifest.tokenizer);
    const about = { gpu, store, pack, model: manifest, ...knowledge };
    const planned =
      residency === 'auto' ? await planModel({ ...about, budget, context_length }) : null;
    const known = planned ?? (await measuredBefore(about));
    const sizes: SizeOptions & { budget?: number | undefined } = planned
      ? engineOptions(planned)
      : {
          residency: residency as Residency,
          ...{ context_length, budget_weights, budget, ring: known?.ring },
        };
    const engine = await Engine.create({ gpu, store, pack, manifest, ...sizes });
    const candidate = candidateOf(manifest, limitsOf(gpu.device), sizes);
    const plan = known && planOf(candidate, known.rates, TYPICAL);
    return new ChatModel(pack, manifest, tokenizer, engine, plan);
  }

  /** The ids of a conversation up to where the assistant begins to speak. @throws ChatTemplateError */
  promptIds(messages: readonly ChatMessage[]): number[] {
    const prompt = renderChat(this.manifest.tokenizer, messages, { add_generation_prompt: true });
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
      const { stop_token_ids } = this.manifest.tokenizer;
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
      return { text, ...generation };
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
