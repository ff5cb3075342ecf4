import type { EncodedTypeName } from '../formats/block_types.ts';
import type { Checkpoint } from '../formats/checkpoint.ts';
import { openBlobSource } from '../formats/sources/blob_source.ts';
import { openBrowserStore } from '../store/choose_store.ts';
import { ImportCancelledError } from '../store/errors.ts';
import { exportPack } from '../store/export_pack.ts';
import { importArchive } from '../store/import_archive.ts';
import { type ImportChoice, importChoices } from '../store/import_choices.ts';
import { importPack } from '../store/importer.ts';
import { openManifest } from '../store/open_pack.ts';
import { packId } from '../store/pack_id.ts';
import type { OnProgress } from '../store/progress.ts';
import { verifyPack } from '../store/verify.ts';
import type { WeightStore } from '../store/weight_store.ts';
import { ExportedAsItIsError, PackTaskCancelledError } from './errors.ts';
import { type ExportPart, isExported, type ModelSource } from './protocol.ts';
import { readModel } from './read_model.ts';

interface LibraryImport {
  readonly quantize?: EncodedTypeName | null | undefined;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
  /** Told of the pack before its files are touched: those that may have to be mended must not be open. */
  readonly release: (pack: string) => Promise<void>;
}

/** What the worker does with the models on disk, and needs no GPU for. */
export class Library {
  private opening: Promise<WeightStore> | null = null;
  /** The checkpoint that was asked about last: importing it does not fetch its header and its tokenizer again. */
  private asked: { readonly key: string; readonly checkpoint: Checkpoint } | null = null;

  /** This browser's store; another try after it failed. */
  store(): Promise<WeightStore> {
    if (!this.opening) {
      const opening = openBrowserStore();
      opening.catch(() => {
        this.opening = null;
      });
      this.opening = opening;
    }
    return this.opening;
  }

  /** None of the file that a pack was exported to: it is taken as it is. */
  choices(source: ModelSource, signal?: AbortSignal): Promise<ImportChoice[]> {
    return cancellable(importCancelled, signal, async () => {
      if (archiveOf(source)) return [];
      const checkpoint = await readModel(source, signal);
      const key = keyOf(source);
      this.asked = key === null ? null : { key, checkpoint };
      return importChoices(checkpoint);
    });
  }

  import(source: ModelSource, options: LibraryImport): Promise<string> {
    const { quantize = null, onProgress, signal, release } = options;
    return cancellable(importCancelled, signal, async () => {
      const store = await this.store();
      const file = archiveOf(source);
      if (file) {
        if (quantize) throw new ExportedAsItIsError({ file: file.name, quantize });
        const archive = openBlobSource(file, file.name);
        return importArchive({ archive, store, onProgress, signal });
      }
      const checkpoint = this.takeAsked(source) ?? (await readModel(source, signal));
      const pack = await packId(checkpoint.source, quantize ?? undefined);
      await release(pack);
      return importPack({
        ...{ checkpoint, store, pack, onProgress, signal },
        quantize: quantize ?? undefined,
      });
    });
  }

  verify(pack: string, onProgress: OnProgress, signal?: AbortSignal): Promise<void> {
    const cancelled = () => new PackTaskCancelledError({ pack, task: 'verification' });
    return cancellable(cancelled, signal, async () => {
      const store = await this.store();
      await verifyPack(store, pack, await openManifest(store, pack), onProgress, signal);
    });
  }

  export(
    pack: string,
    onPart: (part: ExportPart) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void> {
    const cancelled = () => new PackTaskCancelledError({ pack, task: 'export' });
    return cancellable(cancelled, signal, async () => {
      const { size, parts } = await exportPack(await this.store(), pack);
      for await (const bytes of parts) {
        signal?.throwIfAborted();
        await onPart({ bytes, size });
      }
    });
  }

  /** Once: what is tried again is read again. */
  private takeAsked(source: ModelSource): Checkpoint | null {
    const { asked } = this;
    this.asked = null;
    return asked && asked.key === keyOf(source) ? asked.checkpoint : null;
  }
}

/** The same for the same address; null for files, whose copies cannot be told apart and are read at once. */
function keyOf(source: ModelSource): string | null {
  return 'files' in source ? null : JSON.stringify([source.url, source.token]);
}

/** The one file that a pack was exported to. */
function archiveOf(source: ModelSource): File | null {
  return 'files' in source && isExported(source) ? source.files[0]!.file : null;
}

const importCancelled = () => new ImportCancelledError({ pack: null });

/** What an action fails with once it was cancelled, whatever it tripped over, is that it was cancelled. */
async function cancellable<T>(
  cancelled: () => Error,
  signal: AbortSignal | undefined,
  action: () => Promise<T>,
): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw signal?.aborted ? cancelled() : error;
  }
}
