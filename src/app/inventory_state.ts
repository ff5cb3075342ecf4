import { type ReadonlySignal, signal } from '@preact/signals';
import { PackTaskCancelledError } from '../worker/errors.ts';
import type { ExportPart, ImportProgress, LaminaApi } from '../worker/protocol.ts';
import { failureOf } from './failures.ts';
import type { FileSink } from './save_file.ts';

/** What is being done with a model on disk, or what came of it. */
export interface PackNews {
  readonly pack: string;
  readonly task: 'verify' | 'export';
  readonly state: 'running' | 'cancelling' | 'cancelled' | 'done' | 'failed';
  /** How much of it is done, from 0 to 1. */
  readonly share: number;
  /** Why it failed. */
  readonly message: string;
}

/** What can be done with the models on disk besides running them: one thing at a time. */
export interface InventoryState {
  readonly news: ReadonlySignal<PackNews | null>;
  /** Compares every file with its SHA-256. */
  verify(pack: string): Promise<void>;
  /** Writes a model to one file, which `importModel` takes. */
  exportPack(pack: string): Promise<void>;
  /** Ends what is being done; of an export nothing is kept. */
  cancel(): void;
}

/** @param openSink asks the user where the file of this name goes; null: nowhere */
export function createInventoryState(
  api: LaminaApi,
  openSink: (name: string) => Promise<FileSink | null>,
): InventoryState {
  const news = signal<PackNews | null>(null);
  let abort: AbortController | null = null;

  /** @param action resolves to false when the user wants none of it */
  async function run(
    pack: string,
    task: PackNews['task'],
    action: (onShare: (share: number) => void, signal: AbortSignal) => Promise<boolean>,
  ): Promise<void> {
    if (abort) return;
    const current = new AbortController();
    abort = current;
    const { signal } = current;
    const tell = (state: PackNews['state'], share: number, message = '') => {
      news.value = { pack, task, state, share, message };
    };
    tell('running', 0);
    const onShare = (share: number) => {
      // Progress may arrive after the result: they come on different ways.
      if (abort === current && !signal.aborted) tell('running', share);
    };
    try {
      if (await action(onShare, signal)) tell('done', 1);
      else news.value = null;
    } catch (error) {
      if (error instanceof PackTaskCancelledError) tell('cancelled', 0);
      else tell('failed', 0, failureOf(error, 'load').message);
    } finally {
      abort = null;
    }
  }

  return {
    news,
    verify: (pack) =>
      run(pack, 'verify', async (onShare, signal) => {
        const onProgress = ({ bytesDone, bytes }: ImportProgress) => onShare(bytesDone / bytes);
        await api.verifyPack(pack, onProgress, signal);
        return true;
      }),
    exportPack: (pack) =>
      run(pack, 'export', async (onShare, signal) => {
        const sink = await openSink(`${pack}.tar`);
        if (sink) await pour(api, pack, sink, onShare, signal);
        return sink !== null;
      }),
    cancel() {
      if (!abort || !news.value) return;
      abort.abort();
      news.value = { ...news.value, state: 'cancelling' };
    },
  };
}

/** A file that is not whole is of no use to anybody. */
async function pour(
  api: LaminaApi,
  pack: string,
  sink: FileSink,
  onShare: (share: number) => void,
  signal: AbortSignal,
): Promise<void> {
  let done = 0;
  try {
    const write = async ({ bytes, size }: ExportPart) => {
      await sink.write(bytes);
      done += bytes.length;
      onShare(done / size);
    };
    await api.exportPack(pack, write, signal);
    await sink.close();
  } catch (error) {
    await sink.abort().catch(() => undefined);
    throw error;
  }
}
