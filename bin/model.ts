import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureModel } from '../scripts/default_model.js';
import type { EncodedTypeName } from '../src/formats/block_types.ts';
import type { Checkpoint } from '../src/formats/checkpoint.ts';
import { readCheckpoint } from '../src/formats/read_checkpoint.ts';
import { openNodeFolder } from '../src/formats/sources/node_folder.ts';
import { locateRemote, type ModelLocation } from '../src/formats/sources/remote_model.ts';
import { adapterName, type Gpu, openGpu } from '../src/gpu/device.ts';
import { importPack } from '../src/store/importer.ts';
import { MANIFEST_FILE, type Manifest } from '../src/store/manifest.ts';
import { NodeStore } from '../src/store/node_store.ts';
import { openManifest } from '../src/store/open_pack.ts';
import { quantizationOf } from '../src/store/quantization.ts';
import { openDawn } from './dawn.ts';
import { DefaultModelError, ModelNotFoundError, UsageError } from './errors.ts';
import { ProgressLine } from './progress_line.ts';
import { quantizationLines } from './quantization_lines.ts';

/** Where checkpoints are imported to. */
export const PACKS =
  process.env.LAMINA_PACKS ?? fileURLToPath(new URL('../.packs', import.meta.url));

export const packStore = (): NodeStore => new NodeStore(PACKS);

/** What `--model` names. */
export type NamedModel =
  | ({ readonly kind: 'checkpoint' } & ModelLocation)
  | { readonly kind: 'pack'; readonly store: NodeStore; readonly pack: string };

/**
 * Finds a model: the folder of a pack, a checkpoint's file or folder, a pack that an earlier command imported, an
 * address, a repository of the hub; without a name the default model, which is fetched when it is not there.
 * @throws ModelNotFoundError, DefaultModelError
 */
export async function findModel(model: string | undefined): Promise<NamedModel> {
  if (model === undefined) return checkpointFile(await defaultModel());
  if (existsSync(join(model, MANIFEST_FILE))) {
    const folder = resolve(model);
    return { kind: 'pack', store: new NodeStore(dirname(folder)), pack: basename(folder) };
  }
  const found = statSync(model, { throwIfNoEntry: false });
  if (found?.isDirectory()) {
    return { kind: 'checkpoint', folder: openNodeFolder(model), path: undefined };
  }
  if (found) return checkpointFile(model);
  if (!/[/\\]/.test(model) && existsSync(join(PACKS, model, MANIFEST_FILE))) {
    return { kind: 'pack', store: packStore(), pack: model };
  }
  const { HF_ENDPOINT: endpoint, HF_TOKEN: token } = process.env;
  const remote = locateRemote(model, { endpoint, token });
  if (!remote) throw new ModelNotFoundError({ model });
  return { kind: 'checkpoint', ...remote };
}

function checkpointFile(file: string): NamedModel {
  return { kind: 'checkpoint', folder: openNodeFolder(dirname(file)), path: basename(file) };
}

/** Reads a checkpoint's table of contents; its files are open while `use` runs. */
export async function withCheckpoint<T>(
  { folder, path }: ModelLocation,
  use: (checkpoint: Checkpoint) => T | Promise<T>,
): Promise<T> {
  try {
    return await use(await readCheckpoint(folder, path));
  } finally {
    await folder.close?.();
  }
}

/** @throws DefaultModelError */
async function defaultModel(): Promise<string> {
  try {
    return await ensureModel();
  } catch (error) {
    throw new DefaultModelError({ reason: (error as Error).message });
  }
}

/**
 * A model as a pack: a checkpoint is imported, unless an earlier command has done so.
 * @throws UsageError when a pack is to be quantized
 */
export async function openPack(
  model: string | undefined,
  quantize?: EncodedTypeName,
): Promise<{ store: NodeStore; pack: string }> {
  const found = await findModel(model);
  if (found.kind === 'pack') {
    if (!quantize) return found;
    const reason = `"${found.pack}" is imported already, and --quantize is for what a model is imported from`;
    throw new UsageError({ reason });
  }
  return withCheckpoint(found, async (checkpoint) => {
    const line = new ProgressLine();
    try {
      const store = packStore();
      const pack = await importPack({
        checkpoint,
        store,
        quantize,
        onProgress: line.transfer,
        onUnhashed: (source, reason) =>
          console.error(`${source}: its SHA-256 was not compared, as ${reason}.`),
      });
      return { store, pack };
    } finally {
      line.end();
    }
  });
}

/** The same, and says what was quantized on standard error. */
export async function openPackAloud(
  model: string | undefined,
  quantize: EncodedTypeName | undefined,
): Promise<{ store: NodeStore; pack: string; manifest: Manifest }> {
  const { store, pack } = await openPack(model, quantize);
  const manifest = await openManifest(store, pack);
  const quantization = quantize && quantizationOf(manifest);
  if (quantization) console.error(quantizationLines(quantization));
  return { store, pack, manifest };
}

/** The device; says so when it is emulated. */
export async function openDevice(): Promise<Gpu> {
  const gpu = await openGpu(await openDawn());
  if (gpu.adapter.software) {
    console.error(`No GPU here: running on the CPU through ${adapterName(gpu.adapter)}, slowly.`);
  }
  return gpu;
}
