import type { LayerConfig } from '../model/config.ts';
import type { PackTensor } from '../store/manifest.ts';
import { attention, qkNorm } from './attention_ops.ts';
import { gatherTokens, overTokensOf, route, scatterTokens } from './expert_ops.ts';
import { normedMiddle } from './feed_forward_ops.ts';
import type { LayerCache } from './kv_cache.ts';
import type { NormWeights, Ops } from './ops.ts';
import { type Stack, wholeTensor } from './placement.ts';
import type { WeightTensor } from './slot.ts';
import type { State } from './state.ts';

/** The weights of one decoder layer, matrices as `[out_features, in_features]`; biases where the model has them. */
export interface LayerWeights {
  /** Before attention. */
  readonly attn_norm: NormWeights | null;
  /** Query, key and value matrices, one under the other. */
  readonly attn_qkv: WeightTensor;
  readonly attn_qkv_bias?: WeightTensor;
  /** The query's and the key's norm, one behind the other. */
  readonly attn_qk_norm?: WeightTensor;
  /** `[num_attention_heads]` */
  readonly attn_sinks?: WeightTensor;
  readonly attn_output: WeightTensor;
  readonly attn_output_bias?: WeightTensor;
  /** Behind attention. */
  readonly post_attention_norm: NormWeights | null;
  /** Before the feed-forward network. */
  readonly ffn_norm: NormWeights | null;
  /** Where there is one feed-forward network. */
  readonly ffn: FeedForwardWeights | null;
  /** Where there are experts: `[experts, hidden_size]`, what tells which of them a token takes. */
  readonly ffn_gate_inp?: WeightTensor;
  readonly ffn_gate_inp_bias?: WeightTensor;
  /** Behind the feed-forward network. */
  readonly post_ffw_norm: NormWeights | null;
}

/** A feed-forward network, or an expert. */
export interface FeedForwardWeights {
  /** Gate and up matrices, one under the other; the up matrix where there is no gate. */
  readonly gate_up: WeightTensor;
  readonly gate_up_bias?: WeightTensor | undefined;
  readonly down: WeightTensor;
  readonly down_bias?: WeightTensor | undefined;
}

/** Matrices that multiply the same vector are one matrix to the kernels. */
const STACKS: Readonly<Record<string, readonly string[]>> = {
  attn_norm: ['attn_norm.weight'],
  attn_norm_bias: ['attn_norm.bias'],
  attn_qkv: ['attn_q.weight', 'attn_k.weight', 'attn_v.weight'],
  attn_qkv_bias: ['attn_q.bias', 'attn_k.bias', 'attn_v.bias'],
  attn_qk_norm: ['attn_q_norm.weight', 'attn_k_norm.weight'],
  attn_sinks: ['attn_sinks.weight'],
  attn_output: ['attn_output.weight'],
  attn_output_bias: ['attn_output.bias'],
  post_attention_norm: ['post_attention_norm.weight'],
  post_attention_norm_bias: ['post_attention_norm.bias'],
  ffn_norm: ['ffn_norm.weight'],
  ffn_norm_bias: ['ffn_norm.bias'],
  ffn_gate_inp: ['ffn_gate_inp.weight'],
  ffn_gate_inp_bias: ['ffn_gate_inp.bias'],
  ...feedForwardStacks(''),
  post_ffw_norm: ['post_ffw_norm.weight'],
  post_ffw_norm_bias: ['post_ffw_norm.bias'],
};

function feedForwardStacks(expert: string): Record<string, readonly string[]> {
  return {
    [`ffn_gate_up${expert}`]: [`ffn_gate${expert}.weight`, `ffn_up${expert}.weight`],
    [`ffn_gate_up${expert}_bias`]: [`ffn_gate${expert}.bias`, `ffn_up${expert}.bias`],
    [`ffn_down${expert}`]: [`ffn_down${expert}.weight`],
    [`ffn_down${expert}_bias`]: [`ffn_down${expert}.bias`],
  };
}

/** A layer's tensors, stacked, all but the experts; they are called `blk.<layer>.<role>`. */
export function layerStacks(layer: number, tensors: readonly PackTensor[]): Stack[] {
  return stacked(layer, tensors, STACKS);
}

/** One expert's tensors, stacked. */
export function expertStacks(
  layer: number,
  tensors: readonly PackTensor[],
  expert: number,
): Stack[] {
  return stacked(layer, tensors, feedForwardStacks(`.${expert}`));
}

function stacked(
  layer: number,
  tensors: readonly PackTensor[],
  stacks: Readonly<Record<string, readonly string[]>>,
): Stack[] {
  const byName = new Map(tensors.map((tensor) => [tensor.name, wholeTensor(tensor)]));
  return Object.entries(stacks).flatMap(([name, roles]) => {
    const ranges = roles.flatMap((role) => byName.get(`blk.${layer}.${role}`) ?? []);
    return ranges.length > 0 ? [{ name, ranges }] : [];
  });
}

/** The stacks of a layer by what they do. */
export function layerWeights(tensors: ReadonlyMap<string, WeightTensor>): LayerWeights {
  const norms = ['attn_norm', 'post_attention_norm', 'ffn_norm', 'post_ffw_norm'].map((name) => [
    name,
    normWeights(tensors, name, '_bias'),
  ]);
  return {
    ...Object.fromEntries(tensors),
    ...Object.fromEntries(norms),
    ffn: tensors.has('ffn_gate_inp') ? null : feedForwardWeights(tensors, ''),
  } as LayerWeights;
}

/** An expert's stacks by what they do. */
export const expertWeights = (
  tensors: ReadonlyMap<string, WeightTensor>,
  expert: number,
): FeedForwardWeights => feedForwardWeights(tensors, `.${expert}`);

function feedForwardWeights(
  tensors: ReadonlyMap<string, WeightTensor>,
  expert: string,
): FeedForwardWeights {
  return {
    gate_up: tensors.get(`ffn_gate_up${expert}`)!,
    gate_up_bias: tensors.get(`ffn_gate_up${expert}_bias`),
    down: tensors.get(`ffn_down${expert}`)!,
    down_bias: tensors.get(`ffn_down${expert}_bias`),
  };
}

/** A norm by its name, if there is such a norm; its bias is called the same with `suffix`. */
export function normWeights(
  tensors: ReadonlyMap<string, WeightTensor>,
  name: string,
  suffix: string,
): NormWeights | null {
  const weight = tensors.get(name);
  return weight ? { weight, bias: tensors.get(name.replace(/(\.weight)?$/, suffix)) } : null;
}

/**
 * One decoder layer: attention, then a feed-forward network, each normed before or behind, and added to x. Where there
 * are experts it ends with how much each of them counts; `runExpert` does the rest.
 */
export function decoderLayer(
  ops: Ops,
  w: LayerWeights,
  cache: LayerCache,
  s: State,
  layer: LayerConfig,
): void {
  ops.normedLinear(s.x, w.attn_norm, w.attn_qkv, w.attn_qkv_bias, s.qkv);
  if (w.attn_qk_norm) qkNorm(ops, s.qkv, w.attn_qk_norm);
  attention(ops, s.qkv, cache, s.attended, layer, w.attn_sinks);
  ops.residual(w.attn_output, w.attn_output_bias, s.attended, w.post_attention_norm);

  const { ffn } = w;
  if (ffn) {
    normedMiddle(ops, s.x, w.ffn_norm, ffn.gate_up, ffn.gate_up_bias, s.ffn);
    ops.residual(ffn.down, ffn.down_bias, s.ffn, w.post_ffw_norm);
  } else {
    ops.norm(s.x, w.ffn_norm!, s.normed);
    route(ops, s.normed, w.ffn_gate_inp!, w.ffn_gate_inp_bias);
  }
}

/** Adds what one expert makes of the tokens that take it, as much as it counts for each, to x. */
export function runExpert(ops: Ops, w: FeedForwardWeights, s: State, expert: number): void {
  const own = overTokensOf(expert, ops);
  const x = gatherTokens(own, s.normed, s.expert_x);
  normedMiddle(own, x, null, w.gate_up, w.gate_up_bias, s.ffn);
  own.linear(w.down, w.down_bias, s.ffn, s.expert_x, { outputs: own.hidden_width });
  scatterTokens(own, s.expert_x, s.x);
}
