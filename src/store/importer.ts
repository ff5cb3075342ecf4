import type { EncodedTypeName } from '../formats/block_types.ts';
import type { Checkpoint } from '../formats/checkpoint.ts';
import { SourceHashError, SourceModifiedError } from '../formats/errors.ts';
import { type PackPlan, planPack } from '../model/plan_pack.ts';
import {
  ImportCancelledError,
  ManifestInvalidError,
  SourceChangedError,
  StorageQuotaError,
} from './errors.ts';
import { exclusive } from './exclusive.ts';
import { HashPool, WRITING_LANES } from './hash_pool.ts';
import { inSourceOrder, rangesOfAll } from './import_order.ts';
import {
  type FinishedFile,
  type FinishedFiles,
  JOURNAL_FILE,
  readJournal,
  sameSource,
  sourceRecord,
  writeJournal,
} from './journal.ts';
import {
  MANIFEST_FILE,
  type Manifest,
  PACK_FORMAT,
  PACK_VERSION,
  type PackFile,
  type PackSource,
  pieceCount,
  type TensorErrors,
} from './manifest.ts';
import { filesOf, openManifest } from './open_pack.ts';
import { packId } from './pack_id.ts';
import { type PlannedFile, planFiles } from './pack_layout.ts';
import { parseManifest } from './parse_manifest.ts';
import { writePieces } from './piece_writer.ts';
import { type OnProgress, ProgressMeter } from './progress.ts';
import { quantizePlan } from './quantize_plan.ts';
import { type OnUnhashed, SourceHashes } from './source_hashes.ts';
import { findDamaged } from './verify.ts';
import { type WriteWeights, writeWeightFile } from './weight_file.ts';
import type { WeightStore } from './weight_store.ts';
import { writeFile } from './write_file.ts';

export interface ImportOptions {
  readonly checkpoint: Checkpoint;
  readonly store: WeightStore;
  /** The pack's name; without it `packId(checkpoint.source, quantize)`. */
  readonly pack?: string | undefined;
  /** What matrices of plain floats are quantized to; without it each tensor keeps its type. */
  readonly quantize?: EncodedTypeName | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of sources that are not compared with the SHA-256 that is known of them. */
  readonly onUnhashed?: OnUnhashed | undefined;
  /** Writes each file's weights, for sources that have a shorter way than their blocks. */
  readonly writeWeights?: WriteWeights | undefined;
}

/**
 * Makes a pack from a checkpoint, goes on with an interrupted import, or mends a damaged pack: in each case only
 * the files that are not there with the right SHA-256 of every piece are read from the source. The manifest is written last.
 *
 * @returns The pack's id.
 * @throws ImportCancelledError, StorageQuotaError, StoreLockedError, SourceChangedError, ManifestInvalidError,
 * QuantizeTypeError, WeightNotFiniteError; errors of the source, the reader and the plan as they are. What was finished before stays, and a checkpoint that cannot be read leaves nothing.
 */
export async function importPack(options: ImportOptions): Promise<string> {
  const pack = options.pack ?? (await packId(options.checkpoint.source, options.quantize));
  try {
    await exclusive(pack, () => new PackImport(pack, options).run());
  } catch (error) {
    throw options.signal?.aborted ? new ImportCancelledError({ pack }) : error;
  }
  return pack;
}

class PackImport {
  private readonly pack: string;
  private readonly checkpoint: Checkpoint;
  private readonly store: WeightStore;
  private readonly quantize: EncodedTypeName | undefined;
  private readonly onProgress: OnProgress | undefined;
  private readonly signal: AbortSignal | undefined;
  private readonly onUnhashed: OnUnhashed | undefined;
  private readonly writeWeights: WriteWeights;
  /** Files of this pack that are whole. */
  private readonly finished: FinishedFiles = new Map();

  constructor(pack: string, options: ImportOptions) {
    this.pack = pack;
    this.checkpoint = options.checkpoint;
    this.store = options.store;
    this.quantize = options.quantize;
    this.onProgress = options.onProgress;
    this.signal = options.signal;
    this.onUnhashed = options.onUnhashed;
    this.writeWeights = options.writeWeights ?? writeWeightFile;
  }

  async run(): Promise<void> {
    const { store, pack, checkpoint, signal } = this;
    signal?.throwIfAborted();
    const plan = this.plan(checkpoint);
    const files = planFiles(plan);
    // What could not be opened later is refused before anything is written.
    parseManifest(pack, encode(this.manifest(plan, files)));
    const meter = new ProgressMeter(
      'verifying',
      files.map(({ layout }) => layout),
      this.onProgress,
    );

    const known = await this.knownFiles();
    await this.verify(files, known.files, meter);
    if (known.complete && this.finished.size === files.length) {
      await store.remove(pack, JOURNAL_FILE);
      return;
    }

    meter.phase = 'importing';
    try {
      await this.makeReady();
      await this.checkSpace(plan, files);
      await this.importFiles(inSourceOrder(this.missing(files)), meter);
      await writeFile(store, pack, MANIFEST_FILE, encode(this.manifest(plan, files)));
      await store.remove(pack, JOURNAL_FILE);
    } catch (error) {
      const isWrong = error instanceof SourceModifiedError || error instanceof SourceHashError;
      if (isWrong || this.finished.size === 0) await store.remove(pack);
      if (error instanceof SourceModifiedError) {
        const { expected, actual } = error.details;
        throw new SourceChangedError({ pack, expected, actual, finished: false });
      }
      // A writer knows only of its own bytes: say how many the whole import lacks.
      if (error instanceof StorageQuotaError) {
        throw new StorageQuotaError(await this.space(plan, files));
      }
      throw error;
    }
  }

  private plan(checkpoint: Checkpoint): PackPlan {
    const plan = planPack(checkpoint);
    return this.quantize ? quantizePlan(plan, this.quantize) : plan;
  }

  private sourceRecord(): PackSource {
    return sourceRecord(this.checkpoint.source, this.quantize);
  }

  /** What an earlier import of the same source left, not verified yet. */
  private async knownFiles(): Promise<{ files: FinishedFiles; complete: boolean }> {
    const { store, pack } = this;
    const source = this.sourceRecord();
    const manifest = await this.oldManifest();
    if (manifest && !sameSource(manifest.source, source)) {
      throw new SourceChangedError({
        pack,
        expected: inWords(manifest.source),
        actual: inWords(source),
        finished: true,
      });
    }
    if (manifest) {
      const files = new Map(filesOf(manifest).map((file) => [file.name, finishedOf(file)]));
      return { files, complete: true };
    }
    const journal = await readJournal(store, pack);
    const resumes = journal && sameSource(journal.source, source);
    return { files: resumes ? journal.files : new Map(), complete: false };
  }

  /** The manifest of a finished pack; null when there is none that can be used. */
  private async oldManifest(): Promise<Manifest | null> {
    if (!(await this.store.files(this.pack)).has(MANIFEST_FILE)) return null;
    try {
      return await openManifest(this.store, this.pack);
    } catch (error) {
      if (error instanceof ManifestInvalidError) return null;
      throw error;
    }
  }

  private async verify(
    files: readonly PlannedFile[],
    known: FinishedFiles,
    meter: ProgressMeter,
  ): Promise<void> {
    const { store, pack, signal } = this;
    const candidates = files.flatMap(({ layout: { name, bytes } }) => {
      const { pieces } = known.get(name) ?? {};
      return pieces?.length === pieceCount(bytes) ? [{ name, bytes, pieces }] : [];
    });
    const damaged = await findDamaged(store, pack, candidates, meter, signal);
    const names = new Set(damaged.map(({ file }) => file));
    for (const { name } of candidates) {
      if (!names.has(name)) this.finished.set(name, known.get(name)!);
    }
  }

  /** From a finished or unknown pack to an import in progress that holds only verified files. */
  private async makeReady(): Promise<void> {
    const { store, pack } = this;
    await this.writeJournal();
    // First of all the manifest: without it nobody opens the pack.
    await store.remove(pack, MANIFEST_FILE);
    for (const name of (await store.files(pack)).keys()) {
      if (name !== JOURNAL_FILE && !this.finished.has(name)) await store.remove(pack, name);
    }
  }

  private missing(files: readonly PlannedFile[]): PlannedFile[] {
    return files.filter(({ layout }) => !this.finished.has(layout.name));
  }

  private async checkSpace(plan: PackPlan, files: readonly PlannedFile[]): Promise<void> {
    const { needed, available } = await this.space(plan, files);
    if (available !== null && available < needed) {
      throw new StorageQuotaError({ needed, available });
    }
  }

  /** Bytes that are still to be written, and bytes that are free. */
  private async space(plan: PackPlan, files: readonly PlannedFile[]) {
    const weights = this.missing(files).reduce((sum, { layout }) => sum + layout.bytes, 0);
    const needed = weights + encode(this.manifest(plan, files)).length;
    return { needed, available: await this.store.available() };
  }

  /** While one file is written, the first bytes of the next one are read. */
  private async importFiles(files: readonly PlannedFile[], meter: ProgressMeter): Promise<void> {
    const { store, pack, signal } = this;
    const ranges = rangesOfAll(files);
    const hashes = new SourceHashes(ranges, this.finished.size === 0);
    const reads = hashes.follow(ranges, signal);
    const pool = new HashPool(WRITING_LANES);
    const onBytes = (written: number) => meter.add(written);
    try {
      for (const file of files) {
        const { name } = file.layout;
        meter.begin(name);
        let errors: TensorErrors = {};
        const pieces = await writePieces(
          store,
          pack,
          name,
          { pool, onBytes, signal },
          async (out) => {
            errors = await this.writeWeights(file, reads, out);
          },
        );
        this.finished.set(name, finishedOf({ pieces, errors }));
        meter.end();
        await this.writeJournal();
      }
      await hashes.compare(this.onUnhashed, signal);
    } finally {
      pool.close();
      await reads.return();
    }
  }

  private writeJournal(): Promise<void> {
    return writeJournal(this.store, this.pack, this.sourceRecord(), this.finished);
  }

  private manifest(plan: PackPlan, files: readonly PlannedFile[]): Manifest {
    const [embedding, ...rest] = files.map(
      ({ layout }): PackFile => ({
        ...layout,
        ...(this.finished.get(layout.name) ?? { pieces: unknownPieces(layout.bytes) }),
      }),
    );
    const head = rest.pop();
    return {
      format: PACK_FORMAT,
      version: PACK_VERSION,
      name: plan.name,
      source: this.sourceRecord(),
      config: plan.config,
      tokenizer: plan.tokenizer,
      embedding: embedding!,
      layers: rest,
      head: head!,
    };
  }
}

/** No errors are kept where nothing was quantized. */
function finishedOf({ pieces, errors = {} }: FinishedFile): FinishedFile {
  return Object.keys(errors).length > 0 ? { pieces, errors } : { pieces };
}

/** As long as the hashes of a file that is still to be written. */
function unknownPieces(bytes: number): string[] {
  return Array<string>(pieceCount(bytes)).fill('0'.repeat(64));
}

function encode(manifest: Manifest): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(manifest));
}

function inWords({ name, bytes, version, quantize }: PackSource): string {
  const type = quantize ? `, quantized to ${quantize}` : '';
  return `"${name}" (${bytes} bytes, version ${version}${type})`;
}
