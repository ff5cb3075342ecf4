import activateWgsl from '../../shaders/activate.wgsl?raw';
import addBiasWgsl from '../../shaders/add_bias.wgsl?raw';
import addScaledWgsl from '../../shaders/add_scaled.wgsl?raw';
import argmaxWgsl from '../../shaders/argmax.wgsl?raw';
import attentionWgsl from '../../shaders/attention.wgsl?raw';
import attentionMergeWgsl from '../../shaders/attention_merge.wgsl?raw';
import attentionQuadWgsl from '../../shaders/attention_quad.wgsl?raw';
import attentionSplitWgsl from '../../shaders/attention_split.wgsl?raw';
import drawWgsl from '../../shaders/draw.wgsl?raw';
import finishLogitsWgsl from '../../shaders/finish_logits.wgsl?raw';
import gatherRowsWgsl from '../../shaders/gather_rows.wgsl?raw';
import gatherTokensWgsl from '../../shaders/gather_tokens.wgsl?raw';
import keepLikelyWgsl from '../../shaders/keep_likely.wgsl?raw';
import layerNormWgsl from '../../shaders/layer_norm.wgsl?raw';
import listTokensWgsl from '../../shaders/list_tokens.wgsl?raw';
import matmulWgsl from '../../shaders/matmul.wgsl?raw';
import matmulQuadWgsl from '../../shaders/matmul_quad.wgsl?raw';
import matmulSubgroupWgsl from '../../shaders/matmul_subgroup.wgsl?raw';
import matvecWgsl from '../../shaders/matvec.wgsl?raw';
import matvecFixedWgsl from '../../shaders/matvec_fixed.wgsl?raw';
import matvecQuadWgsl from '../../shaders/matvec_quad.wgsl?raw';
import qkNormWgsl from '../../shaders/qk_norm.wgsl?raw';
import repetitionPenaltyWgsl from '../../shaders/repetition_penalty.wgsl?raw';
import rmsNormWgsl from '../../shaders/rms_norm.wgsl?raw';
import ropeAppendWgsl from '../../shaders/rope_append.wgsl?raw';
import routeWgsl from '../../shaders/route.wgsl?raw';
import scatterTokensWgsl from '../../shaders/scatter_tokens.wgsl?raw';
import softmaxSumWgsl from '../../shaders/softmax_sum.wgsl?raw';
import stridedMaxWgsl from '../../shaders/strided_max.wgsl?raw';
import topKWgsl from '../../shaders/top_k.wgsl?raw';
import type { Constants, Kernel } from './kernel.ts';

const value = (constants: Constants, name: string): number => Number(constants[name]);
const per = (count: number, width: number): number => Math.ceil(count / width);

/** Every kernel, once. The header of each .wgsl file says what it computes and from what shapes. */
export const gather_rows: Kernel = {
  label: 'gather_rows',
  wgsl: gatherRowsWgsl,
  bindings: { ids: 'read', y: 'write' },
  decodes: true,
  workgroups: (c, tokens) => [per(value(c, 'COLS') / 8, 64), tokens],
};

export const rms_norm: Kernel = {
  label: 'rms_norm',
  wgsl: rmsNormWgsl,
  parts: ['sum_workgroup'],
  bindings: { x: 'read', weight: 'read', y: 'write' },
  decodes: false,
  workgroups: (_, tokens) => [tokens, 1],
};

export const layer_norm: Kernel = {
  label: 'layer_norm',
  wgsl: layerNormWgsl,
  parts: ['sum_workgroup'],
  bindings: { x: 'read', weight: 'read', bias: 'read', y: 'write' },
  decodes: false,
  workgroups: (_, tokens) => [tokens, 1],
};

export const qk_norm: Kernel = {
  label: 'qk_norm',
  wgsl: qkNormWgsl,
  parts: ['sum_workgroup'],
  bindings: { weight: 'read', qkv: 'write' },
  decodes: false,
  workgroups: (c, tokens) => [c.WHOLE ? 2 : value(c, 'HEADS') + value(c, 'KV_HEADS'), tokens],
};

/*
 * Kernels that take `pass` leave at once where there is no token: the dispatch may be made for more than there are.
 */

/** Rows of W that a group of invocations of `matvec` takes; a pair of rows for each output if gated. */
const GROUP_ROWS = 4;

export const matvec: Kernel = {
  label: 'matvec',
  wgsl: matvecWgsl,
  parts: ['activation', 'matvec_rows', 'sum_workgroup', 'input_plain'],
  bindings: { pass: 'uniform', x: 'read', y: 'write' },
  decodes: true,
  workgroups: (c, tokens) => [per(value(c, 'ROWS'), GROUP_ROWS), tokens],
};

/** For devices with subgroups, and types that `hasBytes`. */
export const matvec_fixed: Kernel = {
  ...matvec,
  label: 'matvec_fixed',
  wgsl: matvecFixedWgsl,
  parts: ['activation', 'matvec_rows', 'sum_subgroups', 'input_plain'],
  workgroups: (c, tokens) => {
    const groups = value(c, 'THREADS') / value(c, 'SUBGROUP') / value(c, 'SHARES');
    return [per(value(c, 'ROWS'), GROUP_ROWS * groups), tokens];
  },
};

/** A matrix-vector kernel's product with rms_norm(x). */
export function normed(kernel: Kernel): Kernel {
  const parts = kernel.parts!.map((part) => (part === 'input_plain' ? 'input_normed' : part));
  return { ...kernel, parts, bindings: { ...kernel.bindings, norm_weight: 'read' } };
}

/** The same kernel, adding up through subgroups. */
export function withSubgroups(kernel: Kernel): Kernel {
  const parts = kernel.parts!.map((part) => (part === 'sum_workgroup' ? 'sum_subgroups' : part));
  return { ...kernel, parts };
}

export const matvec_quad: Kernel = {
  label: 'matvec_quad',
  wgsl: matvecQuadWgsl,
  bindings: { pass: 'uniform', x: 'read', y: 'write' },
  decodes: true,
  sized: true,
  workgroups: (c, tokens) => [per(value(c, 'ROWS'), 4 * 12), tokens],
};

export const matmul: Kernel = {
  label: 'matmul',
  wgsl: matmulWgsl,
  bindings: { pass: 'uniform', x: 'read', y: 'write' },
  decodes: true,
  workgroups: (c, tokens) =>
    c.WIDE
      ? [per(value(c, 'ROWS'), 128), per(tokens, 64)]
      : [per(value(c, 'ROWS'), 64), per(tokens, 32)],
};

/** For devices that `multipliesMatrices`. */
export const matmul_subgroup: Kernel = {
  label: 'matmul_subgroup',
  wgsl: matmulSubgroupWgsl,
  bindings: matmul.bindings,
  decodes: true,
  workgroups: (c, tokens) => {
    const tile = c.WIDE ? 128 : 64;
    return [per(value(c, 'ROWS'), tile), per(tokens, tile)];
  },
};

/** From about as many outputs on there are enough of the larger tiles for a large GPU: so seen on an H200. */
const WIDE_OUTPUTS = 2 ** 21;

/** Whether `matmul` and `matmul_subgroup` are faster with their larger tiles, the constant WIDE. */
export function isWide(rows: number, tokens: number): boolean {
  return rows * tokens >= WIDE_OUTPUTS;
}

export const matmul_quad: Kernel = {
  label: 'matmul_quad',
  wgsl: matmulQuadWgsl,
  bindings: { pass: 'uniform', x: 'read', y: 'write' },
  decodes: true,
  workgroups: (c, tokens) => [per(value(c, 'ROWS'), 16 * 4), per(tokens, 16)],
};

export const rope_append: Kernel = {
  label: 'rope_append',
  wgsl: ropeAppendWgsl,
  bindings: {
    tokens: 'read',
    page_table: 'read',
    turns: 'read',
    qkv: 'write',
    k_cache: 'write',
    v_cache: 'write',
  },
  decodes: false,
  workgroups: (c, tokens) => [
    per((value(c, 'HEADS') + 2 * value(c, 'KV_HEADS')) * per(value(c, 'HEAD_DIM'), 2), 64),
    tokens,
  ],
};

/** Here `tokens` counts spans: up to four query rows of one sequence. */
export const attention: Kernel = {
  label: 'attention',
  wgsl: attentionWgsl,
  parts: ['attention_scores', 'no_sinks'],
  bindings: {
    spans: 'read',
    tokens: 'read',
    page_table: 'read',
    qkv: 'read',
    k_cache: 'read',
    v_cache: 'read',
    y: 'write',
  },
  decodes: false,
  workgroups: (c, spans) => [value(c, 'KV_HEADS'), spans],
};

export const attention_quad: Kernel = {
  ...attention,
  label: 'attention_quad',
  wgsl: attentionQuadWgsl,
};

/** `attention_split` and `attention_merge` share the pages of a token's keys among so many workgroups. */
export const SPLITS = 16;

/** Query heads that a workgroup of `attention_split` takes, if they share keys. */
const SHARERS = 4;

export const attention_split: Kernel = {
  label: 'attention_split',
  wgsl: attentionSplitWgsl,
  parts: ['attention_scores'],
  bindings: {
    tokens: 'read',
    page_table: 'read',
    turns: 'read',
    qkv: 'read',
    k_cache: 'write',
    v_cache: 'write',
    parts: 'write',
    weights: 'write',
  },
  decodes: false,
  workgroups: (c, tokens) => {
    const [heads, kv_heads] = [value(c, 'HEADS'), value(c, 'KV_HEADS')];
    return [kv_heads * per(heads / kv_heads, SHARERS) * value(c, 'SPLITS'), tokens];
  },
};

export const attention_merge: Kernel = {
  label: 'attention_merge',
  wgsl: attentionMergeWgsl,
  parts: ['attention_scores', 'no_sinks'],
  bindings: { tokens: 'read', parts: 'read', weights: 'read', y: 'write' },
  decodes: false,
  workgroups: (c, tokens) => [value(c, 'HEADS'), tokens],
};

/** The same kernel with a sink for each head, the plane of a stored vector: for those that divide by the denominator. */
export function withSinks(kernel: Kernel): Kernel {
  const parts = kernel.parts!.map((part) => (part === 'no_sinks' ? 'sinks' : part));
  return { ...kernel, parts, vectors: 1 };
}

export const activate: Kernel = {
  label: 'activate',
  wgsl: activateWgsl,
  parts: ['activation'],
  bindings: { pass: 'uniform', x: 'read', y: 'write' },
  decodes: false,
  workgroups: (c, tokens) => [per(value(c, 'WIDTH'), 64), tokens],
};

export const add_bias: Kernel = {
  label: 'add_bias',
  wgsl: addBiasWgsl,
  bindings: { pass: 'uniform', bias: 'read', y: 'write' },
  decodes: false,
  workgroups: (c, tokens) => [per(value(c, 'ROWS'), 64), tokens],
};

export const add_scaled: Kernel = {
  label: 'add_scaled',
  wgsl: addScaledWgsl,
  bindings: { y: 'read', x: 'write' },
  decodes: false,
  workgroups: (c, tokens) => [per(value(c, 'WIDTH') / 4, 64), tokens],
};

export const route: Kernel = {
  label: 'route',
  wgsl: routeWgsl,
  bindings: { pass: 'uniform', logits: 'read', weights: 'write' },
  decodes: false,
  workgroups: (_, tokens) => [per(tokens, 64), 1],
};

export const list_tokens: Kernel = {
  label: 'list_tokens',
  wgsl: listTokensWgsl,
  bindings: { pass: 'uniform', weights: 'read', listed: 'write', passes: 'write' },
  decodes: false,
  workgroups: (c) => [per(value(c, 'COUNT'), 64), 1],
};

export const gather_tokens: Kernel = {
  label: 'gather_tokens',
  wgsl: gatherTokensWgsl,
  bindings: { pass: 'uniform', listed: 'read', x: 'read', y: 'write' },
  decodes: false,
  workgroups: (c, tokens) => [per(value(c, 'WIDTH') / 4, 64), tokens],
};

export const scatter_tokens: Kernel = {
  label: 'scatter_tokens',
  wgsl: scatterTokensWgsl,
  bindings: { pass: 'uniform', listed: 'read', weights: 'read', y: 'read', x: 'write' },
  decodes: false,
  workgroups: (c, tokens) => [per(value(c, 'WIDTH') / 4, 64), tokens],
};

export const finish_logits: Kernel = {
  label: 'finish_logits',
  wgsl: finishLogitsWgsl,
  bindings: { logits: 'write' },
  decodes: false,
  workgroups: (c, tokens) => [per(value(c, 'COUNT'), 64), tokens],
};

export const argmax: Kernel = {
  label: 'argmax',
  wgsl: argmaxWgsl,
  bindings: { logits: 'read', found: 'read', best: 'write', next_id: 'write' },
  decodes: false,
  workgroups: (c) => [c.FROM_LOGITS ? per(value(c, 'COUNT'), value(c, 'CHUNK')) : 1, 1],
};

export const softmax_sum: Kernel = {
  label: 'softmax_sum',
  wgsl: softmaxSumWgsl,
  bindings: { sampling: 'uniform', logits: 'read', found: 'read', sums: 'write' },
  decodes: false,
  workgroups: (c) => [c.FROM_LOGITS ? per(value(c, 'COUNT'), value(c, 'CHUNK')) : 1, 1],
};

export const top_k: Kernel = {
  label: 'top_k',
  wgsl: topKWgsl,
  bindings: { logits: 'read', candidates: 'read', kept: 'write' },
  decodes: false,
  workgroups: () => [1, 1],
};

export const strided_max: Kernel = {
  label: 'strided_max',
  wgsl: stridedMaxWgsl,
  bindings: { logits: 'read', best: 'write', list: 'write', listed: 'write' },
  decodes: false,
  workgroups: (c) => [per(value(c, 'STRIDE'), 64), 1],
};

export const keep_likely: Kernel = {
  label: 'keep_likely',
  wgsl: keepLikelyWgsl,
  bindings: { logits: 'read', sorted: 'read', list: 'write', listed: 'write' },
  decodes: false,
  workgroups: (c) => [per(value(c, 'COUNT'), 64), 1],
};

export const draw: Kernel = {
  label: 'draw',
  wgsl: drawWgsl,
  bindings: {
    sampling: 'uniform',
    candidates: 'read',
    listed: 'read',
    result: 'write',
    next_id: 'write',
  },
  decodes: false,
  workgroups: () => [1, 1],
};

export const repetition_penalty: Kernel = {
  label: 'repetition_penalty',
  wgsl: repetitionPenaltyWgsl,
  bindings: { penalty: 'uniform', last: 'read', seen: 'write', logits: 'write' },
  decodes: false,
  workgroups: (c) => [per(value(c, 'VOCAB'), 64), 1],
};

export const KERNELS: readonly Kernel[] = [
  gather_rows,
  rms_norm,
  withSubgroups(rms_norm),
  layer_norm,
  withSubgroups(layer_norm),
  qk_norm,
  withSubgroups(qk_norm),
  matvec,
  normed(matvec),
  withSubgroups(matvec),
  withSubgroups(normed(matvec)),
  matvec_fixed,
  normed(matvec_fixed),
  matvec_quad,
  matmul,
  matmul_subgroup,
  matmul_quad,
  rope_append,
  attention,
  withSinks(attention),
  attention_quad,
  withSinks(attention_quad),
  attention_split,
  attention_merge,
  withSinks(attention_merge),
  activate,
  add_bias,
  add_scaled,
  route,
  list_tokens,
  gather_tokens,
  scatter_tokens,
  finish_logits,
  argmax,
  softmax_sum,
  top_k,
  strided_max,
  keep_likely,
  draw,
  repetition_penalty,
];
