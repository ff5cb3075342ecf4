import type { PackTensor } from '../store/manifest.ts';
import type { LayerCache } from './kv_cache.ts';
import type { Ops } from './ops.ts';
import { type Stack, wholeTensor } from './placement.ts';
import type { WeightTensor } from './slot.ts';
import type { State } from './state.ts';

/** The weights of one decoder layer (Touvron et al. 2023), matrices as `[out_features, in_features]`. */
export interface LayerWeights {
  readonly attn_norm: WeightTensor;
  /** Query, key and value matrices, one under the other. */
  readonly attn_qkv: WeightTensor;
  readonly attn_output: WeightTensor;
  readonly ffn_norm: WeightTensor;
  /** Gate and up matrices, one under the other. */
  readonly ffn_gate_up: WeightTensor;
  readonly ffn_down: WeightTensor;
}

/** Matrices that multiply the same vector are one matrix to the kernels. */
const STACKS: Readonly<Record<keyof LayerWeights, readonly string[]>> = {
  attn_norm: ['attn_norm'],
  attn_qkv: ['attn_q', 'attn_k', 'attn_v'],
  attn_output: ['attn_output'],
  ffn_norm: ['ffn_norm'],
  ffn_gate_up: ['ffn_gate', 'ffn_up'],
  ffn_down: ['ffn_down'],
};

/** A layer's tensors, stacked; GGUF calls them `blk.<layer>.<role>.weight`. */
export function layerStacks(layer: number, tensors: readonly PackTensor[]): Stack[] {
  const byName = new Map(tensors.map((tensor) => [tensor.name, wholeTensor(tensor)]));
  return Object.entries(STACKS).map(([name, roles]) => ({
    name,
    ranges: roles.map((role) => byName.get(`blk.${layer}.${role}.weight`)!),
  }));
}

/** The stacks of a layer by what they do. */
export function layerWeights(tensors: ReadonlyMap<string, WeightTensor>): LayerWeights {
  return Object.fromEntries(tensors) as unknown as LayerWeights;
}

/** One decoder layer: attention, then a gated feed-forward network, each normed before and added to x after. */
export function decoderLayer(ops: Ops, w: LayerWeights, cache: LayerCache, s: State): void {
  ops.normedLinear(s.x, w.attn_norm, w.attn_qkv, s.qkv);
  ops.attention(s.qkv, cache, s.attended);
  ops.linear(w.attn_output, s.attended, s.x, { accumulate: true });

  ops.normedGatedLinear(s.x, w.ffn_norm, w.ffn_gate_up, s.ffn);
  ops.linear(w.ffn_down, s.ffn, s.x, { accumulate: true });
}
