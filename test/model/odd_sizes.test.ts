import { beforeAll, expect, test } from 'vitest';
import { readCheckpoint } from '../../src/formats/read_checkpoint.ts';
import { chosenFiles, openFileFolder } from '../../src/formats/sources/file_folder.ts';
import { computeUnits } from '../../src/gpu/compute_units.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { importPack } from '../../src/store/importer.ts';
import { MemoryStore } from '../../src/store/memory_store.ts';
import { openManifest } from '../../src/store/open_pack.ts';
import { openDevice } from '../kernels/device.ts';
import { f32, safetensors } from '../unit/formats/safetensors_bytes.ts';
import { importTinyFolder, load, logitsOf, openTiny, type TinyModel } from './lab.ts';

/**
 * Granite's golden model, grown by zeros: what it computes stays the same. 64 values of the residual stream become 70,
 * 160 of the feed-forward network 163, heads of 16 dimensions (of which two do not turn) 18, and three tokens are added.
 */
const [HIDDEN, GROWN_HIDDEN] = [64, 70];
const [MIDDLE, GROWN_MIDDLE] = [160, 163];
const [VOCAB, GROWN_VOCAB] = [320, 323];
const [HEAD, GROWN_HEAD] = [16, 18];

interface Matrix {
  readonly values: Float32Array;
  readonly rows: number;
  readonly cols: number;
}

/** Rows or columns in groups of `from` become groups of `to`. */
interface Growth {
  readonly from: number;
  readonly to: number;
}
const SAME: Growth = { from: 1, to: 1 };
const grown = (index: number, { from, to }: Growth): number =>
  Math.floor(index / from) * to + (index % from);

function grow({ values, rows, cols }: Matrix, down: Growth, across: Growth): Matrix {
  const [more_rows, more_cols] = [(rows / down.from) * down.to, (cols / across.from) * across.to];
  const result = new Float32Array(more_rows * more_cols);
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) {
      result[grown(row, down) * more_cols + grown(col, across)] = values[row * cols + col]!;
    }
  }
  return { values: result, rows: more_rows, cols: more_cols };
}

const hidden = { from: HIDDEN, to: GROWN_HIDDEN };
const middle = { from: MIDDLE, to: GROWN_MIDDLE };
const vocab = { from: VOCAB, to: GROWN_VOCAB };
const head = { from: HEAD, to: GROWN_HEAD };

/** How a tensor's rows and columns grow. */
const GROWTHS: readonly [RegExp, Growth, Growth][] = [
  [/(embed_tokens|lm_head)\.weight$/, vocab, hidden],
  [/norm\.weight$/, SAME, hidden],
  [/[qkv]_proj\.weight$/, head, hidden],
  [/o_proj\.weight$/, hidden, head],
  [/(gate|up)_proj\.weight$/, middle, hidden],
  [/down_proj\.weight$/, hidden, middle],
];

async function grownGranite(): Promise<TinyModel> {
  const file = new Uint8Array(await load('arch/granite/model.safetensors'));
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  const tensors = Object.entries(
    header as Record<string, { shape: number[]; data_offsets: number[] }>,
  )
    .filter(([name]) => name !== '__metadata__')
    .map(
      ([
        name,
        {
          shape,
          data_offsets: [begin, end],
        },
      ]) => {
        const bytes = file.slice(8 + length + begin!, 8 + length + end!);
        const [rows, cols] = shape.length === 2 ? [shape[0]!, shape[1]!] : [1, shape[0]!];
        const [, down, across] = GROWTHS.find(([pattern]) => pattern.test(name))!;
        const matrix = grow({ values: new Float32Array(bytes.buffer), rows, cols }, down, across);
        // The mean of the squares is over more values now.
        const isNorm = shape.length === 1;
        const values = isNorm
          ? matrix.values.map((value) => value * Math.sqrt(HIDDEN / GROWN_HIDDEN))
          : matrix.values;
        return { name, shape: isNorm ? [matrix.cols] : [matrix.rows, matrix.cols], values };
      },
    );
  const config = JSON.parse(new TextDecoder().decode(await load('arch/granite/config.json')));
  const text = JSON.stringify({
    ...config,
    hidden_size: GROWN_HIDDEN,
    intermediate_size: GROWN_MIDDLE,
    vocab_size: GROWN_VOCAB,
    head_dim: GROWN_HEAD,
    partial_rotary_factor: 0.9,
    rms_norm_eps: (config.rms_norm_eps * HIDDEN) / GROWN_HIDDEN,
  });
  const folder = openFileFolder(
    chosenFiles([
      new File([text], 'config.json'),
      new File([safetensorsOf(tensors)], 'model.safetensors'),
    ]),
  );
  const store = new MemoryStore();
  const pack = await importPack({ checkpoint: await readCheckpoint(folder), store });
  return { store, pack, manifest: await openManifest(store, pack) };
}

interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

function safetensorsOf(tensors: readonly NamedTensor[]): Uint8Array<ArrayBuffer> {
  let end = 0;
  const header = tensors.map(({ name, shape, values }) => {
    const fields = f32(shape, end);
    end += values.byteLength;
    return [name, fields] as const;
  });
  const data = new Float32Array(end / 4);
  let at = 0;
  for (const { values } of tensors) {
    data.set(values, at);
    at += values.length;
  }
  return safetensors(Object.fromEntries(header), new Uint8Array(data.buffer));
}

let gpu: Gpu;
let tiny: TinyModel;
beforeAll(async () => {
  gpu = await openDevice();
  tiny = await grownGranite();
});

test.each([true, false])(
  'widths that are no multiples of 32, 8 or 4 change nothing (kernels for this device: %s)',
  async (own) => {
    const all = await computeUnits(gpu);
    const units = { ...all, quad: all.quad && own };
    const expected = JSON.parse(new TextDecoder().decode(await load('arch/granite/expected.json')));
    const reference = new Float32Array(await load('arch/granite/logits.f32'));
    // Those for GPUs take long to compile on an emulated one: only those of few tokens.
    const prefill_tokens = own ? 64 : 4;
    const engine = await openTiny(gpu, tiny, { units, prefill_tokens, precision: 'f32' });
    const ids: number[] = expected.input_ids[0];
    // The last three come one by one.
    const most = ids.length - 3;
    const rows = [await logitsOf(engine, ids.slice(0, most))];
    for (let i = most; i < ids.length; i++) rows.push(await logitsOf(engine, [ids[i]!], i));
    const logits = rows.flatMap((row) => [...row]);
    expect(logits.length).toBe(ids.length * GROWN_VOCAB);
    let largest = 0;
    for (const [i, logit] of logits.entries()) {
      const [token, entry] = [Math.floor(i / GROWN_VOCAB), i % GROWN_VOCAB];
      const value = entry < VOCAB ? reference[token * VOCAB + entry]! : 0;
      const difference = Math.abs(logit - value);
      if (!(difference <= largest)) largest = difference;
    }
    expect(largest).toBeLessThan(expected.tolerance.recommended_atol_f32);
    engine.destroy();
  },
);

test('heads of five, which no kernel can take pair by pair, on the kernels for GPUs', async () => {
  const units = { ...(await computeUnits(gpu)), quad: false };
  const model = await importTinyFolder('arch/odd_opt');
  const engine = await openTiny(gpu, model, { units, prefill_tokens: 4, precision: 'f32' });
  const expected = JSON.parse(new TextDecoder().decode(await load('arch/odd_opt/expected.json')));
  const reference = new Float32Array(await load('arch/odd_opt/logits.f32'));
  const { vocab_size, head_dim } = engine.config;
  expect(head_dim).toBe(5);
  const ids: number[] = expected.input_ids[0];
  await logitsOf(engine, ids.slice(0, -2));
  // The last two come one by one; their logits are the reference's last two rows.
  for (const back of [2, 1]) {
    const at = ids.length - back;
    expect(expected.positions.at(-back)).toBe(at);
    const row = reference.subarray(reference.length - back * vocab_size).subarray(0, vocab_size);
    const logits = await logitsOf(engine, [ids[at]!], at);
    const largest = Math.max(...logits.map((logit, i) => Math.abs(logit - row[i]!)));
    expect(largest).toBeLessThan(expected.tolerance.recommended_atol_f32);
  }
  engine.destroy();
});
