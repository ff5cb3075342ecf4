import { type ReadonlySignal, signal } from '@preact/signals';
import type { LaminaApi } from '../worker/protocol.ts';
import { failureOf } from './failures.ts';
import type { FileSink } from './save_file.ts';

/** What is being done with a model on disk, or what came of it. */
export interface PackNews {
  readonly pack: string;
  readonly task: 'verify' | 'export';
  readonly state: 'running' | 'done' | 'failed';
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
}

/** @param openSink asks the user where the file of this name goes; null: nowhere */
export function createInventoryState(
  api: LaminaApi,
  openSink: (name: string) => Promise<FileSink | null>,
): InventoryState {
  const news = signal<PackNews | null>(null);

  /** @param action resolves to false when the user wants none of it */
  async function run(
    pack: string,
    task: PackNews['task'],
    action: (onShare: (share: number) => void) => Promise<boolean>,
  ): Promise<void> {
    if (news.value?.state === 'running') return;
    const tell = (state: PackNews['state'], share: number, message = '') => {
      news.value = { pack, task, state, share, message };
    };
    tell('running', 0);
    try {
      if (await action((share) => tell('running', share))) tell('done', 1);
      else news.value = null;
    } catch (error) {
      tell('failed', 0, failureOf(error, 'load').message);
    }
  }

  return {
    news,
    verify: (pack) =>
      run(pack, 'verify', async (onShare) => {
        await api.verifyPack(pack, ({ bytesDone, bytes }) => onShare(bytesDone / bytes));
        return true;
      }),
    exportPack: (pack) =>
      run(pack, 'export', async (onShare) => {
        const sink = await openSink(`${pack}.tar`);
        if (sink) await pour(api, pack, sink, onShare);
        return sink !== null;
      }),
  };
}

/** A file that is not whole is of no use to anybody. */
async function pour(
  api: LaminaApi,
  pack: string,
  sink: FileSink,
  onShare: (share: number) => void,
): Promise<void> {
  let done = 0;
  try {
    await api.exportPack(pack, async ({ bytes, size }) => {
      await sink.write(bytes);
      done += bytes.length;
      onShare(done / size);
    });
    await sink.close();
  } catch (error) {
    await sink.abort().catch(() => undefined);
    throw error;
  }
}
