import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BLOCK_TYPES } from '../../src/formats/block_types.ts';
import { ShaderError } from '../../src/gpu/errors.ts';
import type { Constants, Kernel, Specialization } from '../../src/gpu/kernel.ts';
import { KERNELS, matvec_quad } from '../../src/gpu/kernels.ts';
import { moduleText } from '../../src/gpu/module_text.ts';
import { Pipelines } from '../../src/gpu/pipelines.ts';
import { hasBytes } from '../../src/gpu/quants.ts';
import { TYPES } from './data.ts';
import { openNullDevice } from './null_device.ts';

/** Shapes of SmolLM2-135M. */
const MATRIX = { ROWS: 1536, COLS: 576, Y_STRIDE: 1536, ACCUMULATE: true };
const HEADS = { HEADS: 9, KV_HEADS: 3, HEAD_DIM: 64 };
const PAGES = { PAGE: 64, MAX_PAGES: 128 };
const CONSTANTS: Record<string, Constants> = {
  gather_rows: { COLS: 576 },
  rms_norm: { HIDDEN: 576, EPS: 1e-5, THREADS: 64 },
  matvec: { ...MATRIX, GATED: false, THREADS: 64 },
  matvec_fixed: { ...MATRIX, GATED: false, THREADS: 256, SHARES: 2 },
  matvec_quad: MATRIX,
  matmul: MATRIX,
  matmul_subgroup: MATRIX,
  matmul_quad: MATRIX,
  rope_append: { ...HEADS, ROPE_DIM: 64, ...PAGES },
  attention: { ...HEADS, SCALE: 0.125, ...PAGES },
  attention_quad: { ...HEADS, SCALE: 0.125, ...PAGES },
  attention_split: { ...HEADS, ROPE_DIM: 64, SCALE: 0.125, ...PAGES, SPLITS: 16 },
  attention_merge: { HEADS: 9, HEAD_DIM: 64, PAGE: 64, SPLITS: 16 },
  layer_norm: { HIDDEN: 576, EPS: 1e-5, THREADS: 64 },
  qk_norm: { ...HEADS, WHOLE: false, EPS: 1e-5, THREADS: 64 },
  activate: { WIDTH: 1536, GATED: true, Y_STRIDE: 1536 },
  add_bias: { ROWS: 1536, Y_STRIDE: 1536, ACCUMULATE: false },
  route: { COUNT: 8, PER_TOKEN: 2, NORMALISED: true },
  list_tokens: { COUNT: 8 },
  gather_tokens: { WIDTH: 576 },
  scatter_tokens: { WIDTH: 576, COUNT: 8 },
  add_scaled: { WIDTH: 576, SCALE: 0.5 },
  finish_logits: { COUNT: 49152, SCALE: 1, CAP: 30 },
  argmax: { COUNT: 49152, FROM_LOGITS: true, CHUNK: 4096, THREADS: 256 },
  softmax_sum: { COUNT: 49152, FROM_LOGITS: true, CHUNK: 4096, THREADS: 256 },
  top_k: { COUNT: 1024, FROM_LOGITS: true, KEEP: 128, THREADS: 256 },
  strided_max: { COUNT: 49152, STRIDE: 1024 },
  keep_likely: { COUNT: 49152, LAST: 127, MOST: 1024 },
  draw: { COUNT: 128, COMPLETE: false, MOST: 1024 },
  repetition_penalty: { VOCAB: 49152 },
};

const partConstants = ({ parts = [] }: Kernel): Constants => ({
  ...(parts.includes('input_normed') && { EPS: 1e-5 }),
  ...(parts.includes('sum_subgroups') && { SUBGROUP: 32 }),
});

const typesOf = ({ wgsl }: Kernel) => (wgsl.includes('bytes8(') ? TYPES.filter(hasBytes) : TYPES);

const specializationsOf = (kernel: Kernel): Specialization[] => {
  const constants = { ...CONSTANTS[kernel.label]!, ...partConstants(kernel) };
  return kernel.decodes
    ? typesOf(kernel).map((type) => ({ kernel, constants, type }))
    : [{ kernel, constants }];
};

const MATRICES = KERNELS.filter(({ wgsl }) => wgsl.includes('subgroup_matrix;'));
const SUBGROUPS = KERNELS.filter(
  (kernel) =>
    !MATRICES.includes(kernel) &&
    (kernel.wgsl.includes('enable subgroups;') || kernel.parts?.includes('sum_subgroups')),
);
const PLAIN = KERNELS.filter((kernel) => !MATRICES.includes(kernel) && !SUBGROUPS.includes(kernel));

test('every .wgsl file is a registered kernel, and every kernel has a file', () => {
  const files = readdirSync('shaders').filter((name) => name.endsWith('.wgsl'));
  const registered = new Set(KERNELS.map(({ label }) => `${label}.wgsl`));
  expect(files.sort()).toEqual([...registered].sort());
});

test('every stored type has a decoder', () => {
  const files = readdirSync('shaders/quants').filter((name) => name !== 'common.wgsl');
  expect(files.sort()).toEqual(TYPES.map((type) => `${type.toLowerCase()}.wgsl`).sort());
});

test.each(TYPES)('a sized kernel knows how long every plane of %s is', (type) => {
  const constants = { ...MATRIX, ROWS: 5, COLS: 96 };
  const text = moduleText({ kernel: matvec_quad, constants, type });
  const bytes = { u32: 4, vec2u: 8, vec4u: 16, vec4f: 16 };
  const lengths = [...text.matchAll(/@group\(1\).*: array<(\w+)(?:, (\d+))?>;/g)].map(
    ([, element, length]) => Number(length) * bytes[element as keyof typeof bytes],
  );
  const { planes, block_size } = BLOCK_TYPES[type];
  const blocks = (5 * 96) / block_size;
  // Scales come two in a word.
  const whole = planes.map((plane) => Math.ceil((blocks * plane.bytes_per_block) / 4) * 4);
  expect(lengths).toEqual(whole);
});

describe.each([
  { features: [] as GPUFeatureName[] },
  { features: ['shader-f16', 'subgroups'] as GPUFeatureName[] },
])('on a device with features [$features]', async ({ features }) => {
  const pipelines = new Pipelines(await openNullDevice(features));

  test.each(PLAIN)('$label compiles for every stored type', async (kernel) => {
    const specializations = specializationsOf(kernel);
    await pipelines.prepare(specializations);
    for (const specialization of specializations)
      expect(pipelines.get(specialization)).toBeDefined();
  });
});

test.each(SUBGROUPS)(
  '$label needs subgroups, and compiles for every stored type with them',
  async (kernel) => {
    const specializations = specializationsOf(kernel);
    const without = new Pipelines(await openNullDevice());
    for (const specialization of specializations) {
      await expect(without.prepare([specialization])).rejects.toThrow(ShaderError);
    }
    await new Pipelines(await openNullDevice(['subgroups'])).prepare(specializations);
  },
);

// The null device has too little workgroup memory for a pipeline.
test.each(MATRICES)(
  '$label needs subgroup matrices, and is sound for every stored type with them',
  async (kernel) => {
    const features = ['subgroups', 'shader-f16'] as GPUFeatureName[];
    const without = new Pipelines(await openNullDevice(features));
    const matrices = 'chromium-experimental-subgroup-matrix' as GPUFeatureName;
    const device = await openNullDevice([...features, matrices]);
    for (const specialization of specializationsOf(kernel)) {
      await expect(without.prepare([specialization])).rejects.toThrow(ShaderError);
      const module = device.createShaderModule({ code: moduleText(specialization) });
      expect((await module.getCompilationInfo()).messages).toEqual([]);
    }
  },
);
