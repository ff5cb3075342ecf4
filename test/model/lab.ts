import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Engine, type EngineOptions } from '../../src/engine/engine.ts';
import { readGguf } from '../../src/formats/gguf/read_gguf.ts';
import { readCheckpoint } from '../../src/formats/read_checkpoint.ts';
import { openBlobSource } from '../../src/formats/sources/blob_source.ts';
import { openNodeFolder } from '../../src/formats/sources/node_folder.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { importPack } from '../../src/store/importer.ts';
import type { Manifest } from '../../src/store/manifest.ts';
import { MemoryStore } from '../../src/store/memory_store.ts';
import { openManifest } from '../../src/store/open_pack.ts';

/** A file of test/golden. */
export async function load(path: string): Promise<ArrayBuffer> {
  const bytes = await readFile(new URL(`../golden/${path}`, import.meta.url));
  return new Uint8Array(bytes).buffer;
}

/** A checkpoint of test/golden as a pack in memory. */
export interface TinyModel {
  readonly store: MemoryStore;
  readonly pack: string;
  readonly manifest: Manifest;
}

export async function importTiny(path: string): Promise<TinyModel> {
  const store = new MemoryStore();
  const source = openBlobSource(new Blob([await load(path)]), basename(path));
  const pack = await importPack({ checkpoint: await readGguf(source), store });
  return { store, pack, manifest: await openManifest(store, pack) };
}

/** A folder of test/golden as a pack in memory. */
export async function importTinyFolder(path: string): Promise<TinyModel> {
  const store = new MemoryStore();
  const folder = openNodeFolder(fileURLToPath(new URL(`../golden/${path}`, import.meta.url)));
  try {
    const pack = await importPack({ checkpoint: await readCheckpoint(folder), store });
    return { store, pack, manifest: await openManifest(store, pack) };
  } finally {
    await folder.close?.();
  }
}

export function openTiny(
  gpu: Gpu,
  tiny: TinyModel,
  options: Partial<EngineOptions> = {},
): Promise<Engine> {
  return Engine.create({ gpu, ...tiny, ...options });
}

/** Logits of every position, `[ids.length, vocab_size]`. */
export async function logitsOf(
  engine: Engine,
  ids: readonly number[],
  first = 0,
  sequence = 0,
): Promise<Float32Array> {
  const { vocab_size } = engine.config;
  const all = new Float32Array(ids.length * vocab_size);
  await engine.prefill(ids, first, {
    sequence,
    observer: { logits: (token, rows) => all.set(rows, token * vocab_size) },
  });
  return all;
}
