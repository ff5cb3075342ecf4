import { type ReadonlySignal, signal } from '@preact/signals';
import { GpuOutOfMemoryError } from '../gpu/errors.ts';
import { BudgetTooSmallError } from '../plan/errors.ts';
import type { LaminaApi, LoadedModel, LoadOptions } from '../worker/protocol.ts';
import type { Display } from './display.ts';
import { type Failure, shortageFailure } from './failures.ts';

/** Whether the model at hand runs as the settings say. */
export interface RunState {
  /** Why the model does not run as the settings say; null: it does. */
  readonly problem: ReadonlySignal<string | null>;
  /** Whether the model is being brought to run as the settings say. */
  readonly changing: ReadonlySignal<boolean>;
  /** What tells that the model was loaded one layer at a time; null: it was loaded as it was set. */
  shortage(): Failure | null;
  /** Loads a pack as the settings say; where there is too little memory for that, one layer at a time. */
  load(pack: string): Promise<LoadedModel>;
  /** Has the model at hand run as the settings say once `idle` has ended, without loading it again. */
  runAsSet(idle?: Promise<unknown>): Promise<void>;
  /** The changes that were asked for have ended. */
  settled(): Promise<unknown>;
}

/** @param lost whether the engine has no device or no model any more: when it is loaded again, it is as set */
export function createRunState(
  api: LaminaApi,
  { stage, failure, measure }: Display,
  loadOptions: () => LoadOptions,
  lost: () => boolean,
): RunState {
  const problem = signal<string | null>(null);
  const changing = signal(false);
  let shortage: Failure | null = null;
  /** Ends when the model runs as it was set last. */
  let running: Promise<unknown> = Promise.resolve();

  async function change(): Promise<void> {
    if (stage.value.kind !== 'ready' || lost()) return;
    const { context_length: _, ...options } = loadOptions();
    try {
      const model = await api.setResidency(options);
      problem.value = null;
      if (failure.value === shortage) failure.value = null;
      if (stage.value.kind === 'ready') stage.value = { ...stage.value, model };
    } catch (error) {
      problem.value = (error as Error).message;
    }
  }

  return {
    problem,
    changing,
    shortage: () => shortage,
    async load(pack) {
      const options = loadOptions();
      problem.value = null;
      shortage = null;
      try {
        return await api.load(pack, measure(), options);
      } catch (error) {
        const { budget, ...rest } = options;
        const least = options.residency === 'strict' && budget === undefined;
        if (least || !isShortage(error)) throw error;
        const model = await api.load(pack, measure(), { ...rest, residency: 'strict' });
        problem.value = error.message;
        shortage = shortageFailure(error);
        return model;
      }
    },
    async runAsSet(idle = Promise.resolve()) {
      // One after the other, and known at once: an answer that is asked for now waits.
      const changed = Promise.all([running, idle]).then(change);
      running = changed;
      changing.value = true;
      await changed;
      if (running === changed) changing.value = false;
    },
    settled: () => running,
  };
}

function isShortage(error: unknown): error is BudgetTooSmallError | GpuOutOfMemoryError {
  return error instanceof BudgetTooSmallError || error instanceof GpuOutOfMemoryError;
}
