import type { ModelConfig } from '../model/config.ts';
import type { LayerCache } from './kv_cache.ts';
import type { Ops } from './ops.ts';
import type { WeightTensor } from './slot.ts';
import type { State } from './state.ts';

/** The weights of one decoder layer (Touvron et al. 2023), matrices as `[out_features, in_features]`. */
export interface LayerWeights {
  readonly attn_norm: WeightTensor;
  readonly attn_q: WeightTensor;
  readonly attn_k: WeightTensor;
  readonly attn_v: WeightTensor;
  readonly attn_output: WeightTensor;
  readonly ffn_norm: WeightTensor;
  readonly ffn_gate: WeightTensor;
  readonly ffn_up: WeightTensor;
  readonly ffn_down: WeightTensor;
}

/** The layer's tensors by what they do; GGUF calls them `blk.<layer>.<role>.weight`. */
export function layerWeights(
  layer: number,
  tensors: ReadonlyMap<string, WeightTensor>,
): LayerWeights {
  const role = (name: string): WeightTensor => tensors.get(`blk.${layer}.${name}.weight`)!;
  return {
    attn_norm: role('attn_norm'),
    attn_q: role('attn_q'),
    attn_k: role('attn_k'),
    attn_v: role('attn_v'),
    attn_output: role('attn_output'),
    ffn_norm: role('ffn_norm'),
    ffn_gate: role('ffn_gate'),
    ffn_up: role('ffn_up'),
    ffn_down: role('ffn_down'),
  };
}

/** One decoder layer: attention, then a gated feed-forward network, each normed before and added to x after. */
export function decoderLayer(
  ops: Ops,
  config: ModelConfig,
  w: LayerWeights,
  cache: LayerCache,
  s: State,
): void {
  ops.rmsNorm(s.x, w.attn_norm, s.normed);
  ops.linear(w.attn_q, s.normed, s.q);
  ops.linear(w.attn_k, s.normed, s.k);
  ops.linear(w.attn_v, s.normed, s.v);
  ops.rope(s.q, config.num_attention_heads);
  ops.rope(s.k, config.num_key_value_heads);
  ops.kvAppend(s.k, s.v, cache);
  ops.attention(s.q, cache, s.attended);
  ops.linear(w.attn_output, s.attended, s.x, { accumulate: true });

  ops.rmsNorm(s.x, w.ffn_norm, s.normed);
  ops.linear(w.ffn_gate, s.normed, s.gate);
  ops.linear(w.ffn_up, s.normed, s.up);
  ops.siluMul(s.gate, s.up);
  ops.linear(w.ffn_down, s.gate, s.x, { accumulate: true });
}
