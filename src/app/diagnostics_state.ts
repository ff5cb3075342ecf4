import { type ReadonlySignal, signal } from '@preact/signals';
import { BenchCancelledError } from '../bench/errors.ts';
import type { BenchPart, BenchProgress, BenchReport, LaminaApi } from '../worker/protocol.ts';

/** Measuring this device and the model at hand. */
export interface DiagnosticsState {
  /** What the last measurement found. */
  readonly report: ReadonlySignal<BenchReport | null>;
  /** How far the measurement at hand is; null: nothing is being measured. */
  readonly progress: ReadonlySignal<BenchProgress | null>;
  /** Whether it was stopped, and ends after the step at hand. */
  readonly stopping: ReadonlySignal<boolean>;
  /** Why the last one found nothing. */
  readonly problem: ReadonlySignal<string | null>;
  measure(parts: readonly BenchPart[]): Promise<void>;
  stop(): Promise<void>;
}

/** @param onEnded told when the engine is free again: predictions may go by what has been measured, also of one that was stopped */
export function createDiagnosticsState(
  api: Pick<LaminaApi, 'diagnose' | 'stop'>,
  onEnded: () => unknown,
): DiagnosticsState {
  const report = signal<BenchReport | null>(null);
  const progress = signal<BenchProgress | null>(null);
  const stopping = signal(false);
  const problem = signal<string | null>(null);
  return {
    report,
    progress,
    stopping,
    problem,
    async measure(parts) {
      if (progress.value) return;
      problem.value = null;
      progress.value = { name: 'this device', done: 0, of: 1 };
      try {
        report.value = await api.diagnose((now) => {
          progress.value = now;
        }, parts);
        await onEnded();
      } catch (error) {
        if (error instanceof BenchCancelledError) await onEnded();
        else problem.value = (error as Error).message;
      } finally {
        progress.value = null;
        stopping.value = false;
      }
    },
    async stop() {
      if (!progress.value) return;
      stopping.value = true;
      // When the worker is gone, `diagnose` is rejected with the same cause and tells it.
      await api.stop().catch(() => undefined);
    },
  };
}
