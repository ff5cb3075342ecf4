import { type Signal, signal } from '@preact/signals';
import type { ImportProgress } from '../worker/protocol.ts';
import type { Failure } from './failures.ts';
import type { Stage } from './stage.ts';
import { createTransferMeter, type Transfer } from './transfer_rate.ts';

/** What the page shows of models, whatever is done with them. */
export interface Display {
  readonly stage: Signal<Stage>;
  /** What went wrong last, shown above the screen. */
  readonly failure: Signal<Failure | null>;
  /** Of the import or the verification at hand. */
  readonly transfer: Signal<Transfer | null>;
  /** Begins to measure a transfer. */
  measure(): (progress: ImportProgress) => void;
}

export function createDisplay(now: () => number): Display {
  const transfer = signal<Transfer | null>(null);
  return {
    stage: signal<Stage>({ kind: 'starting' }),
    failure: signal<Failure | null>(null),
    transfer,
    measure() {
      const meter = createTransferMeter(now);
      transfer.value = null;
      return (progress) => {
        transfer.value = meter(progress);
      };
    },
  };
}
