import { type ReadonlySignal, signal } from '@preact/signals';
import { BenchCancelledError } from '../bench/errors.ts';
import type { BenchPart, BenchProgress, BenchReport, LaminaApi } from '../worker/protocol.ts';

/** Measuring this device and the model at hand. */
export interface DiagnosticsState {
  /** What the last measurement found. */
  readonly report: ReadonlySignal<BenchReport | null>;
  /** How far the measurement at hand is; null: nothing is being measured. */
  readonly progress: ReadonlySignal<BenchProgress | null>;
  /** Why the last one did not end. */
  readonly problem: ReadonlySignal<string | null>;
  measure(parts: readonly BenchPart[]): Promise<void>;
  stop(): Promise<void>;
}

/** @param onMeasured told when something has been measured: predictions may go by it now */
export function createDiagnosticsState(
  api: Pick<LaminaApi, 'diagnose' | 'stop'>,
  onMeasured: () => unknown,
): DiagnosticsState {
  const report = signal<BenchReport | null>(null);
  const progress = signal<BenchProgress | null>(null);
  const problem = signal<string | null>(null);
  return {
    report,
    progress,
    problem,
    async measure(parts) {
      if (progress.value) return;
      problem.value = null;
      progress.value = { name: 'this device', done: 0, of: 1 };
      try {
        report.value = await api.diagnose((now) => {
          progress.value = now;
        }, parts);
        await onMeasured();
      } catch (error) {
        if (!(error instanceof BenchCancelledError)) problem.value = (error as Error).message;
      } finally {
        progress.value = null;
      }
    },
    async stop() {
      await api.stop();
    },
  };
}
