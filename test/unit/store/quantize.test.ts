import { describe, expect, test, vi } from 'vitest';
import { SyntheticSource } from '../../../src/bench/synthetic/synthetic_source.ts';
import { seededRandom } from '../../../src/engine/random.ts';
import type { BlockType } from '../../../src/formats/block_type.ts';
import {
  BLOCK_TYPES,
  ENCODED_TYPES,
  type EncodedTypeName,
} from '../../../src/formats/block_types.ts';
import { relativeError } from '../../../src/formats/blocks/relative_error.ts';
import type { TensorInfo } from '../../../src/formats/checkpoint.ts';
import { type PlannedTensor, valuesOf } from '../../../src/model/planned_tensor.ts';
import { SHAPES } from '../../../src/model/shapes.ts';
import {
  QuantizeTypeError,
  SourceChangedError,
  WeightNotFiniteError,
} from '../../../src/store/errors.ts';
import { HashPool } from '../../../src/store/hash_pool.ts';
import { JOURNAL_FILE } from '../../../src/store/journal.ts';
import type { TensorErrors } from '../../../src/store/manifest.ts';
import { MemoryStore } from '../../../src/store/memory_store.ts';
import { filesOf, openManifest } from '../../../src/store/open_pack.ts';
import { packId } from '../../../src/store/pack_id.ts';
import { layoutFile } from '../../../src/store/pack_layout.ts';
import { writePieces } from '../../../src/store/piece_writer.ts';
import { quantizationOf } from '../../../src/store/quantization.ts';
import { quantizePlan } from '../../../src/store/quantize_plan.ts';
import { readAhead } from '../../../src/store/read_ahead.ts';
import { rangesOf, writeWeightFile } from '../../../src/store/weight_file.ts';
import { golden } from './golden.ts';
import { importFile } from './import_file.ts';
import { manifestFixture } from './manifest_fixture.ts';
import { plannedWhole } from './planned_fixture.ts';
import { TestSource } from './test_source.ts';
import { get, put } from './weight_store_suite.ts';

const PLAIN = ['F32', 'F16', 'BF16'] as const;
const MODEL = await golden('gguf/qwen2-f16.gguf');
const PACK = 'pack';

/** A matrix of small random numbers in a checkpoint, to be stored as `type`. */
function matrixOf(plain: (typeof PLAIN)[number], rows: number, cols: number) {
  const random = seededRandom(1);
  const source = new Uint8Array(rows * cols * BLOCK_TYPES[plain].block_bytes);
  const bits = new Uint32Array(1);
  const float = new Float32Array(bits.buffer);
  for (let i = 0; i < rows * cols; i++) {
    float[0] = random() - 0.5;
    // A float16 with these bits is a small number too.
    if (plain === 'F32') source.set(new Uint8Array(bits.buffer), 4 * i);
    else source.set(new Uint8Array(bits.buffer).subarray(2), 2 * i);
  }
  const info: TensorInfo = {
    name: 'a',
    type: plain,
    shape: [rows, cols],
    source: new TestSource(source),
    offset: 0,
    bytes: source.length,
  };
  const values = BLOCK_TYPES[plain].decode([source], rows * cols);
  return { info, values };
}

function planned(tensor: TensorInfo, type: EncodedTypeName, width: number): PlannedTensor {
  const [rows, cols] = tensor.shape as [number, number];
  const parts = [{ tensor, first: 0, count: valuesOf(tensor.shape) }];
  return { name: 'a', type, shape: [rows, width], cols, parts, columns: null };
}

/** What is written of one tensor: its planes and errors. */
async function write(tensor: PlannedTensor) {
  const file = { layout: layoutFile('a.bin', [tensor]), tensors: [tensor] };
  const store = new MemoryStore();
  const pool = new HashPool();
  let errors: TensorErrors = {};
  try {
    await writePieces(store, PACK, 'a.bin', { pool }, async (out) => {
      errors = await writeWeightFile(file, readAhead([...rangesOf(file)]), out);
    });
  } finally {
    pool.close();
  }
  const bytes = await get(store, PACK, 'a.bin');
  expect(bytes.length).toBe(file.layout.bytes);
  const { planes } = file.layout.tensors[0]!;
  return {
    planes: planes.map(({ offset, bytes: length }) => bytes.subarray(offset, offset + length)),
    errors,
  };
}

/** Rows with zeros behind them. */
function widened(values: Float32Array, cols: number, width: number): Float32Array {
  const rows = values.length / cols;
  const wide = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    wide.set(values.subarray(row * cols, (row + 1) * cols), row * width);
  }
  return wide;
}

test('what an import makes are the types that have an encoder', () => {
  const encoders = Object.values<BlockType>(BLOCK_TYPES).filter(({ encode }) => encode);
  expect([...ENCODED_TYPES].sort()).toEqual(encoders.map(({ name }) => name).sort());
});

describe.each(ENCODED_TYPES)('a matrix quantized to %s', (name) => {
  const type: BlockType = BLOCK_TYPES[name];

  test.each(
    PLAIN.flatMap((plain) => [
      { plain, cols: 512, width: 512 },
      // Filled up to whole blocks.
      { plain, cols: 499, width: 512 },
    ]),
  )('from $plain, $cols columns, has the planes of its values', async ({ plain, cols, width }) => {
    const { info, values } = matrixOf(plain, 300, cols);
    const { planes, errors } = await write(planned(info, name, width));
    const wide = widened(values, cols, width);
    const count = wide.length / type.block_size;
    const expected = type.planes.map((plane) => new Uint8Array(count * plane.bytes_per_block));
    type.encode!(wide, count, expected);
    for (const [i, plane] of planes.entries()) {
      expect(Buffer.compare(plane, expected[i]!), type.planes[i]!.name).toBe(0);
    }
    // Zeros that are filled in are no values of the model's.
    const stored = type.decode(planes, count).map((value, i) => (i % width < cols ? value : 0));
    expect(Object.keys(errors)).toEqual(['a']);
    expect(errors.a).toBeCloseTo(relativeError(stored, wide), 12);
    expect(errors.a).toBeGreaterThan(0);
    expect(errors.a).toBeLessThan(0.2);
  });
});

test('a matrix larger than a read is decoded and encoded a few rows at a time', async () => {
  const { info } = matrixOf('BF16', 4609, 1024);
  expect(info.bytes).toBeGreaterThan(9e6);
  const decode = vi.spyOn(BLOCK_TYPES.BF16, 'decode');
  const encode = vi.spyOn(BLOCK_TYPES.Q4_0 as Required<BlockType>, 'encode');
  await write(planned(info, 'Q4_0', 1024));
  const decoded = decode.mock.calls.map(([, count]) => count);
  const encoded = encode.mock.calls.map(([values]) => values.length);
  expect(encoded.reduce((sum, length) => sum + length, 0)).toBe(4609 * 1024);
  expect(Math.max(...decoded, ...encoded)).toBeLessThanOrEqual(2 ** 17);
  vi.restoreAllMocks();
});

test('a matrix with a value that is not finite is refused by its name', async () => {
  const { info } = matrixOf('BF16', 4, 32);
  const bytes = (await info.source.read(0, info.bytes)).slice();
  bytes.set([0x80, 0x7f], 2 * 77);
  const source = new TestSource(bytes);
  await expect(write(planned({ ...info, source }, 'Q8_0', 32))).rejects.toThrow(
    WeightNotFiniteError,
  );
});

test('rows that are no blocks of the wanted type become smaller blocks; norms, routers, positions and odd rows stay', () => {
  const { info } = matrixOf('BF16', 1, 1);
  const tensors = [
    { name: 'blk.0.attn_q.weight', type: 'BF16', shape: [3, 512] },
    { name: 'blk.0.ffn_down.weight', type: 'BF16', shape: [3, 160] },
    { name: 'blk.0.attn_k.weight', type: 'BF16', shape: [3, 40] },
    { name: 'blk.0.attn_v.weight', type: 'Q5_1', shape: [3, 512] },
    { name: 'blk.0.attn_norm.weight', type: 'F32', shape: [512] },
    { name: 'blk.0.ffn_gate_inp.weight', type: 'F32', shape: [8, 512] },
    { name: 'position_embd.weight', type: 'F32', shape: [8, 512] },
  ] as const;
  const planned = tensors.map((it) => plannedWhole({ ...info, ...it }));
  const { name, config, tokenizer } = manifestFixture();
  const plan = { name, config, tokenizer, embedding: planned, layers: [planned], head: planned };
  const expected = ['Q4_K', 'Q5_0', 'BF16', 'Q5_1', 'F32', 'F32', 'F32'];
  const { embedding, layers, head } = quantizePlan(plan, 'Q4_K');
  for (const file of [embedding, ...layers, head]) {
    expect(file.map(({ type }) => type)).toEqual(expected);
    expect(file.map(({ name }) => name)).toEqual(tensors.map(({ name }) => name));
  }
});

const importing = (store: MemoryStore, options: Partial<Parameters<typeof importFile>[0]> = {}) =>
  importFile({ source: new TestSource(MODEL), store, pack: PACK, ...options });

async function filesIn(store: MemoryStore) {
  return filesOf(await openManifest(store, PACK));
}

describe('an import that quantizes', () => {
  test('gives every matrix another type, remembers its error, and keeps norms', async () => {
    const store = new MemoryStore();
    await importing(store, { quantize: 'Q4_0' });
    const manifest = await openManifest(store, PACK);
    expect(manifest.source.quantize).toBe('Q4_0');
    for (const { tensors, errors = {} } of filesOf(manifest)) {
      for (const { name, type, shape } of tensors) {
        expect({ name, type }).toEqual({ name, type: shape.length === 1 ? 'F32' : 'Q4_0' });
        expect(name in errors).toBe(shape.length > 1);
      }
    }
    const report = quantizationOf(manifest)!;
    const names = filesOf(manifest).flatMap(({ tensors }) =>
      tensors.flatMap(({ name, shape }) => (shape.length > 1 ? [name] : [])),
    );
    expect(report.quantized.map(({ name }) => name)).toEqual(names);
    expect(report.fallback).toEqual([]);
    expect(report.kept).toEqual([]);
    const all = report.quantized.map(({ relative_error }) => relative_error);
    expect(report.worst!.relative_error).toBe(Math.max(...all));
    expect(report.mean_error).toBeCloseTo(all.reduce((a, b) => a + b) / all.length, 12);
  });

  test('leaves blocks of a checkpoint that is quantized already as they are, and says so', async () => {
    const source = new TestSource(await golden('gguf/llama-q4_1.gguf'));
    const [plain, again] = [new MemoryStore(), new MemoryStore()];
    await importing(plain, { source });
    await importing(again, { source, quantize: 'Q8_0' });
    const before = (await filesIn(plain)).flatMap(({ tensors }) => tensors);
    const after = (await filesIn(again)).flatMap(({ tensors }) => tensors);
    for (const [i, { name, type, shape }] of before.entries()) {
      const quantized = shape.length > 1 && type === 'F16';
      expect(after[i]).toMatchObject({ name, shape, type: quantized ? 'Q8_0' : type });
    }
    const layers = async (store: MemoryStore) => (await filesIn(store)).slice(1, -1);
    expect(await layers(again)).toEqual(await layers(plain));
    const report = quantizationOf(await openManifest(again, PACK))!;
    expect(report.quantized.map(({ name }) => name)).toEqual(
      before.flatMap(({ name, type }) => (type === 'F16' ? [name] : [])),
    );
    expect(new Set(report.kept.map(({ type }) => type))).toEqual(new Set(['Q4_1']));
  });

  test('without a type has nothing to report', async () => {
    const store = new MemoryStore();
    await importing(store);
    expect(quantizationOf(await openManifest(store, PACK))).toBeNull();
  });

  test('refuses a type that has no encoder before anything is written', async () => {
    const store = new MemoryStore();
    const quantize = 'IQ1_S' as EncodedTypeName;
    await expect(importing(store, { quantize })).rejects.toThrow(QuantizeTypeError);
    expect((await store.files(PACK)).size).toBe(0);
  });

  test('has a name of its own for each type', async () => {
    const source = new TestSource(MODEL);
    const ids = await Promise.all(
      [undefined, ...ENCODED_TYPES].map((quantize) => packId(source, quantize)),
    );
    expect(new Set(ids).size).toBe(1 + ENCODED_TYPES.length);
    expect(await importing(new MemoryStore(), { pack: undefined, quantize: 'Q4_0' })).toBe(
      await packId(source, 'Q4_0'),
    );
  });

  /** An import that stopped after the first layers. */
  async function stopped(
    options: Parameters<typeof importing>[1] = { quantize: 'Q8_0' },
  ): Promise<MemoryStore> {
    const store = new MemoryStore();
    const stop = new AbortController();
    const onProgress = ({ phase, file }: { phase: string; file: string }) => {
      if (phase === 'importing' && file === 'layer-001.bin') stop.abort();
    };
    const { signal } = stop;
    await expect(importing(store, { ...options, onProgress, signal })).rejects.toThrow();
    const names = [...(await store.files(PACK)).keys()];
    expect(names).toEqual(expect.arrayContaining([JOURNAL_FILE, 'embedding.bin', 'layer-000.bin']));
    expect(names).not.toContain('head.bin');
    return store;
  }

  test('goes on where it stopped, and remembers the errors of what was done', async () => {
    const [store, whole] = [await stopped(), new MemoryStore()];
    await importing(whole, { quantize: 'Q8_0' });
    const create = vi.spyOn(store, 'create');
    await importing(store, { quantize: 'Q8_0' });
    const written = create.mock.calls.map(([, file]) => file);
    expect(written).toContain('head.bin');
    expect(written).not.toContain('layer-000.bin');
    expect(await filesIn(store)).toEqual(await filesIn(whole));
  });

  test('starts anew for another type, also one of the same size', async () => {
    const shape = SHAPES.custom;
    const source = new SyntheticSource({ name: 'synthetic', shape, type: 'F16', seed: 0 });
    const store = await stopped({ source, quantize: 'Q4_0' });
    const size = (await store.files(PACK)).get('layer-000.bin');
    await importing(store, { source, quantize: 'Q4_K' });
    const whole = new MemoryStore();
    await importing(whole, { source, quantize: 'Q4_K' });
    expect((await store.files(PACK)).get('layer-000.bin')).toBe(size);
    expect(await openManifest(store, PACK)).toEqual(await openManifest(whole, PACK));
  });

  test('mends a damaged file, and only to the type that the pack has', async () => {
    const store = new MemoryStore();
    await importing(store, { quantize: 'Q8_0' });
    const before = await openManifest(store, PACK);
    const damaged = await get(store, PACK, 'layer-000.bin');
    damaged[0]! ^= 1;
    await put(store, PACK, 'layer-000.bin', damaged);
    for (const quantize of [undefined, 'Q4_0'] as const) {
      await expect(importing(store, { quantize })).rejects.toThrow(SourceChangedError);
    }
    await importing(store, { quantize: 'Q8_0' });
    expect(await openManifest(store, PACK)).toEqual(before);
  });
});
