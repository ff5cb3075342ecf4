import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureModel } from '../scripts/default_model.js';
import { readGguf } from '../src/formats/gguf/read_gguf.ts';
import { openNodeFileSource } from '../src/formats/sources/node_file_source.ts';
import { adapterName, type Gpu, openGpu } from '../src/gpu/device.ts';
import { importPack } from '../src/store/importer.ts';
import { MANIFEST_FILE } from '../src/store/manifest.ts';
import { NodeStore } from '../src/store/node_store.ts';
import { packId } from '../src/store/pack_id.ts';
import { openDawn } from './dawn.ts';
import { DefaultModelError, ModelNotFoundError } from './errors.ts';
import { ProgressLine } from './progress_line.ts';

/** Where checkpoints are imported to. */
export const PACKS =
  process.env.LAMINA_PACKS ?? fileURLToPath(new URL('../.packs', import.meta.url));

export const packStore = (): NodeStore => new NodeStore(PACKS);

/** What `--model` names. */
export type ModelPath =
  | { readonly kind: 'gguf'; readonly path: string }
  | { readonly kind: 'pack'; readonly store: NodeStore; readonly pack: string };

/**
 * Finds a model: a checkpoint file, the folder of a pack, a pack that an earlier command imported; without a name
 * the default model, which is fetched when it is not there.
 * @throws ModelNotFoundError, DefaultModelError
 */
export async function findModel(model: string | undefined): Promise<ModelPath> {
  if (model === undefined) {
    return { kind: 'gguf', path: await defaultModel() };
  }
  if (existsSync(join(model, MANIFEST_FILE))) {
    const folder = resolve(model);
    return { kind: 'pack', store: new NodeStore(dirname(folder)), pack: basename(folder) };
  }
  if (existsSync(model)) return { kind: 'gguf', path: model };
  if (!/[/\\]/.test(model) && existsSync(join(PACKS, model, MANIFEST_FILE))) {
    return { kind: 'pack', store: packStore(), pack: model };
  }
  throw new ModelNotFoundError({ model });
}

/** @throws DefaultModelError */
async function defaultModel(): Promise<string> {
  try {
    return await ensureModel();
  } catch (error) {
    throw new DefaultModelError({ reason: (error as Error).message });
  }
}

/** A model as a pack: a checkpoint is imported, unless an earlier command has done so. */
export async function openPack(
  model: string | undefined,
): Promise<{ store: NodeStore; pack: string }> {
  const found = await findModel(model);
  if (found.kind === 'pack') return found;
  const source = await openNodeFileSource(found.path);
  const line = new ProgressLine();
  try {
    const store = packStore();
    const pack = await packId(source);
    await importPack({
      checkpoint: await readGguf(source),
      store,
      pack,
      onProgress: line.transfer,
    });
    return { store, pack };
  } finally {
    line.end();
    await source.close();
  }
}

/** The device; says so when it is emulated. */
export async function openDevice(): Promise<Gpu> {
  const gpu = await openGpu(await openDawn());
  if (gpu.adapter.software) {
    console.error(`No GPU here: running on the CPU through ${adapterName(gpu.adapter)}, slowly.`);
  }
  return gpu;
}
