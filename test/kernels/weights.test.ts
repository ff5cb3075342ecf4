import { describe, expect, test } from 'vitest';
import { BatchInputs } from '../../src/engine/batch.ts';
import { KvCache } from '../../src/engine/kv_cache.ts';
import { Ops } from '../../src/engine/ops.ts';
import type { PlacementLimits } from '../../src/engine/placement.ts';
import type { WeightTensor } from '../../src/engine/slot.ts';
import { createState } from '../../src/engine/state.ts';
import { Weights } from '../../src/engine/weights.ts';
import { type Part, WeightsLayout } from '../../src/engine/weights_layout.ts';
import type { BlockTypeName } from '../../src/formats/block_types.ts';
import { computeUnits } from '../../src/gpu/compute_units.ts';
import { gather_rows } from '../../src/gpu/kernels.ts';
import { readBack } from '../../src/gpu/readback.ts';
import { StagingRing } from '../../src/gpu/staging_ring.ts';
import type { PackFile } from '../../src/store/manifest.ts';
import { MemoryStore } from '../../src/store/memory_store.ts';
import { filesOf } from '../../src/store/open_pack.ts';
import { layoutFile } from '../../src/store/pack_layout.ts';
import { config } from '../unit/engine/config.ts';
import { manifestFixture } from '../unit/store/manifest_fixture.ts';
import { put } from '../unit/store/weight_store_suite.ts';
import { firstDifference } from './accuracy.ts';
import { PLAIN_TYPES, randomIntegers, randomMatrix, type StoredMatrix } from './data.ts';
import { openDevice } from './device.ts';
import { Lab } from './lab.ts';
import { gatherRows } from './reference/gather_rows.ts';

const VOCAB = 97;
const COLS = 32;
const TOKENS = 150;

const lab = new Lab(await openDevice());
const { ledger, commands } = lab;
await lab.pipelines.prepare(
  PLAIN_TYPES.map((type) => ({ kernel: gather_rows, constants: { COLS }, type })),
);
const inputs = await BatchInputs.create(ledger, config, 320);
const kv = await KvCache.create(ledger, commands, config, 1, 64);
const state = await createState(ledger, config, 1, 1);
const units = await computeUnits(lab.gpu);
const opsFor = (tokens: number) =>
  new Ops(commands, { config, inputs, kv, state, units }, tokens, { buffer: inputs.pass });
const y = await ledger.create(
  'activations',
  'y',
  320 * COLS * 4,
  GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC,
);

/** A pack of matrices 32 wide: the embedding in one type, everything else in another. */
async function packOf(embedding: BlockTypeName, other: BlockTypeName) {
  const store = new MemoryStore();
  const matrices = new Map<string, StoredMatrix>();
  const file = async (
    name: string,
    shapes: [string, BlockTypeName, number][],
  ): Promise<PackFile> => {
    const layout = layoutFile(
      name,
      shapes.map(([tensor, type, rows]) => ({ name: tensor, type, shape: [rows, COLS] })),
    );
    const bytes = new Uint8Array(layout.bytes);
    for (const { name: tensor, type, shape, planes } of layout.tensors) {
      const matrix = randomMatrix(type, shape[0]!, COLS, matrices.size);
      matrices.set(tensor, matrix);
      for (const [i, plane] of planes.entries()) bytes.set(matrix.planes[i]!, plane.offset);
    }
    await put(store, 'pack', name, bytes);
    return { ...layout, pieces: [] };
  };
  const manifest = {
    ...manifestFixture(),
    embedding: await file('embedding.bin', [['embedding', embedding, VOCAB]]),
    layers: [
      await file('layer-000.bin', layerOf(0, other, [64, 64, 64, 5, 64, 200, 33])),
      await file('layer-001.bin', layerOf(1, other, [128, 64, 1, 65, 64, 64, 2])),
    ],
    head: await file('head.bin', [
      ['output_norm.weight', 'F32', 1],
      ['head', other, VOCAB],
    ]),
  };
  return { store, manifest, matrices };
}

/** The tensors of a layer; `rows` are those of q, k, v, output, gate, up and down. */
function layerOf(
  layer: number,
  type: BlockTypeName,
  rows: number[],
): [string, BlockTypeName, number][] {
  const [q, k, v, output, gate, up, down] = rows as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const tensors: [string, BlockTypeName, number][] = [
    ['attn_norm', 'F32', 1],
    ['attn_q', type, q],
    ['attn_k', type, k],
    ['attn_v', type, v],
    ['attn_output', type, output],
    ['ffn_norm', 'F32', 1],
    ['ffn_gate', type, gate],
    ['ffn_up', type, up],
    ['ffn_down', type, down],
  ];
  return tensors.map(([role, type, rows]) => [`blk.${layer}.${role}.weight`, type, rows]);
}

/** What is stacked under one name. */
const STACKED: Record<string, string[]> = {
  attn_qkv: ['attn_q', 'attn_k', 'attn_v'],
  ffn_gate_up: ['ffn_gate', 'ffn_up'],
};

const open = async (
  { store, manifest }: Awaited<ReturnType<typeof packOf>>,
  ring: StagingRing,
  limits: PlacementLimits,
  pinned: Part[] = [],
) => {
  const weights = await Weights.open({
    store,
    pack: 'pack',
    layout: new WeightsLayout(manifest, limits, new Set(pinned)),
    ledger,
    ring,
    commands,
  });
  await weights.fill();
  return weights;
};

/** The tensor's values as the kernels see them on the GPU. */
async function valuesOf(tensor: WeightTensor): Promise<Float32Array> {
  opsFor(tensor.rows).gatherRows(tensor, { buffer: inputs.order }, { buffer: y });
  return floats(tensor.rows);
}

async function floats(rows: number): Promise<Float32Array> {
  return new Float32Array(await readBack(ledger, commands, { buffer: y, size: rows * COLS * 4 }));
}

describe.each([
  { name: 'a roomy device', buffer_bytes: 2 ** 30, binding_bytes: 2 ** 30, piece: 2 ** 20 },
  { name: 'one of small buffers', buffer_bytes: 8192, binding_bytes: 8192, piece: 512 },
])('the slot on $name', ({ piece, ...limits }) => {
  test.each([
    { embedding: 'F32', other: 'Q4_0', pinned: [] },
    { embedding: 'Q4_1', other: 'F32', pinned: [] },
    { embedding: 'Q8_0', other: 'F16', pinned: [1] },
    { embedding: 'Q8_0', other: 'Q4_1', pinned: ['embedding', 0, 1, 'head'] },
  ] satisfies { embedding: BlockTypeName; other: BlockTypeName; pinned: Part[] }[])(
    'holds what the pack says, with $embedding embeddings and $other weights, $pinned pinned',
    async ({ embedding, other, pinned }) => {
      const model = await packOf(embedding, other);
      const { manifest, matrices } = model;
      const ring = await StagingRing.create(ledger, 3, piece);
      const weights = await open(model, ring, limits, pinned);
      const read = weights.bytes_read;

      for (const layer of manifest.layers.keys()) {
        for (const [name, tensor] of await weights.layer(layer, commands)) {
          const roles = STACKED[name] ?? [name];
          const expected = roles.flatMap((role) => [
            ...matrices.get(`blk.${layer}.${role}.weight`)!.values,
          ]);
          const values = await valuesOf(tensor);
          expect(firstDifference(values, Float32Array.from(expected)), name).toBe(-1);
        }
      }

      let rows = 0;
      for (const tile of weights.head_tiles) {
        expect(tile.first_row).toBe(rows);
        const values = await valuesOf(await weights.headTile(tile, commands));
        const all = matrices.get('head')!.values;
        const expected = all.subarray(rows * COLS, (rows + tile.rows) * COLS);
        expect(firstDifference(values, expected)).toBe(-1);
        rows += tile.rows;
      }
      expect(rows).toBe(VOCAB);
      const tensors = await weights.finalNorm(commands);
      const norm = await valuesOf(tensors.get('output_norm.weight')!);
      expect(firstDifference(norm, matrices.get('output_norm.weight')!.values)).toBe(-1);

      const files = filesOf(manifest).map(({ bytes }) => bytes);
      expect(weights.bytes_read).toBeLessThanOrEqual(files.reduce((a, b) => a + b));
      // What stays on the GPU is read once.
      if (weights.resident) expect(weights.bytes_read).toBe(read);
      weights.close();
    },
  );

  // Beside weights of 4 bits, the slot is smaller than the embedding; beside those of 32, larger.
  test.each(['Q4_0', 'F32'] as const)(
    'more tokens than the vocabulary has rows find theirs, beside %s weights',
    async (other) => {
      const model = await packOf('F32', other);
      const ring = await StagingRing.create(ledger, 3, piece);
      const weights = await open(model, ring, limits);
      const ids = randomIntegers(TOKENS, 1, VOCAB);
      const ops = opsFor(TOKENS);
      for (let first = 0; first < TOKENS; first += weights.embedding_rows) {
        const part = ids.subarray(first, first + weights.embedding_rows);
        const tensor = await weights.embedding(part, commands);
        const to = { buffer: y, offset: first * COLS * 4 };
        ops.gatherRows(tensor, { buffer: inputs.order }, to);
        commands.submit();
      }
      const expected = gatherRows(model.matrices.get('embedding')!.values, ids, COLS);
      expect(firstDifference(await floats(TOKENS), expected)).toBe(-1);
      weights.close();
    },
  );
});
