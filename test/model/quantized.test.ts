import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { NonFiniteLogitsError } from '../../src/engine/errors.ts';
import { GREEDY } from '../../src/engine/sampling.ts';
import { BLOCK_TYPES } from '../../src/formats/block_types.ts';
import { relativeError } from '../../src/formats/blocks/relative_error.ts';
import type { Checkpoint, TensorInfo } from '../../src/formats/checkpoint.ts';
import { readCheckpoint } from '../../src/formats/read_checkpoint.ts';
import { openBlobSource } from '../../src/formats/sources/blob_source.ts';
import { openNodeFolder } from '../../src/formats/sources/node_folder.ts';
import { WeightNotFiniteError } from '../../src/store/errors.ts';
import { importPack } from '../../src/store/importer.ts';
import { MemoryStore } from '../../src/store/memory_store.ts';
import { openManifest } from '../../src/store/open_pack.ts';
import { openDevice } from '../kernels/device.ts';
import { load, logitsOf, openTiny, type TinyModel } from './lab.ts';

const PATH = 'arch/qwen2';

test('a float32 checkpoint quantized to Q8_0 has the logits of its rounded weights, near the reference, streamed as resident', async () => {
  const folder = openNodeFolder(fileURLToPath(new URL(`../golden/${PATH}`, import.meta.url)));
  const checkpoint = await readCheckpoint(folder);
  const quantized = await imported(checkpoint, 'Q8_0');
  const plain = await imported(await rounded(checkpoint));
  await folder.close?.();
  const expected = JSON.parse(new TextDecoder().decode(await load(`${PATH}/expected.json`)));
  const ids: number[] = expected.input_ids[0].slice(0, 4);
  const gpu = await openDevice();
  const logits = async (tiny: TinyModel, residency: 'strict' | 'resident') => {
    const engine = await openTiny(gpu, tiny, { residency, precision: 'f32' });
    const rows = await logitsOf(engine, ids);
    engine.destroy();
    return rows;
  };
  const strict = await logits(quantized, 'strict');
  const resident = await logits(quantized, 'resident');
  expect(Buffer.compare(new Uint8Array(strict.buffer), new Uint8Array(resident.buffer))).toBe(0);
  const same = relativeError(strict, await logits(plain, 'strict'));
  const reference = new Float32Array(await load(`${PATH}/logits.f32`)).subarray(0, strict.length);
  const loss = relativeError(strict, reference);
  expect(same).toBeLessThan(1e-5);
  // Its matrices are 0.5% off, each.
  expect(loss).toBeLessThan(0.03);
  expect(loss).toBeGreaterThan(1e-3);
});

test('a weight that is no number is refused when it is to be quantized, and ends the first answer when it is kept', async () => {
  const folder = openNodeFolder(fileURLToPath(new URL(`../golden/${PATH}`, import.meta.url)));
  const checkpoint = await readCheckpoint(folder);
  const name = 'model.layers.0.mlp.down_proj.weight';
  const info = checkpoint.tensors.get(name)!;
  const bytes = (await info.source.read(info.offset, info.bytes)).slice();
  new Float32Array(bytes.buffer)[7] = Number.NaN;
  const source = openBlobSource(new Blob([bytes]), name);
  const tensors = new Map(checkpoint.tensors).set(name, { ...info, source, offset: 0 });
  const broken = { ...checkpoint, tensors };

  const store = new MemoryStore();
  await expect(importPack({ checkpoint: broken, store, quantize: 'Q8_0' })).rejects.toThrow(
    WeightNotFiniteError,
  );
  const engine = await openTiny(await openDevice(), await imported(broken));
  await engine.prefill([1, 2, 3], 0);
  await expect(engine.tokens([1, 2, 3], GREEDY).next()).rejects.toThrow(NonFiniteLogitsError);
  engine.destroy();
  await folder.close?.();
});

async function imported(checkpoint: Checkpoint, quantize?: 'Q8_0'): Promise<TinyModel> {
  const store = new MemoryStore();
  const pack = await importPack({ checkpoint, store, quantize });
  return { store, pack, manifest: await openManifest(store, pack) };
}

/** The checkpoint whose matrices have the values that their Q8_0 blocks stand for. */
async function rounded(checkpoint: Checkpoint): Promise<Checkpoint> {
  const tensors = new Map<string, TensorInfo>();
  for (const [name, info] of checkpoint.tensors) {
    tensors.set(name, info.shape.length === 1 ? info : await roundedTensor(info));
  }
  return { ...checkpoint, tensors };
}

async function roundedTensor(info: TensorInfo): Promise<TensorInfo> {
  expect(info.type).toBe('F32');
  const bytes = await info.source.read(info.offset, info.bytes);
  const values = new Float32Array(bytes.slice().buffer);
  const { encode, decode, planes, block_size } = BLOCK_TYPES.Q8_0;
  const count = values.length / block_size;
  const stored = planes.map((plane) => new Uint8Array(count * plane.bytes_per_block));
  encode!(values, count, stored);
  const source = openBlobSource(new Blob([decode(stored, count)]), info.name);
  return { ...info, source, offset: 0 };
}
