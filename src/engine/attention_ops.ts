import type { Kernel } from '../gpu/kernel.ts';
import * as kernels from '../gpu/kernels.ts';
import type { LayerConfig } from '../model/config.ts';
import { storedWidth } from '../model/tensors.ts';
import { type LayerCache, PAGE } from './kv_cache.ts';
import { type Ops, vectorOf } from './ops.ts';
import type { WeightTensor } from './slot.ts';

/** Norms queries and keys in place. */
export function qkNorm(ops: Ops, qkv: GPUBuffer, weight: WeightTensor): void {
  const { num_attention_heads, num_key_value_heads, head_dim, qk_norm, norm } = ops.config;
  const constants = {
    HEADS: num_attention_heads,
    KV_HEADS: num_key_value_heads,
    HEAD_DIM: head_dim,
    WHOLE: qk_norm === 'width',
    EPS: norm.eps,
    ...(norm.weight_offset !== 0 && { WEIGHT_OFFSET: norm.weight_offset }),
  };
  ops.dispatcher.dispatch(
    ops.reducing(kernels.qk_norm, constants),
    { weight: vectorOf(weight), qkv: { buffer: qkv } },
    ops.tokens,
  );
}

/**
 * y = softmax(q k^T) v over everything that each token may see; k and v go to the cache.
 * @param sinks `[num_attention_heads]` scores that belong to no key, if there are such
 */
export function attention(
  ops: Ops,
  qkv: GPUBuffer,
  cache: LayerCache,
  y: GPUBuffer,
  { rope, window }: LayerConfig,
  sinks?: WeightTensor,
): void {
  const { num_attention_heads, num_key_value_heads, head_dim, ropes } = ops.config;
  const { attention_scale, attention_softcap, alibi } = ops.config;
  const turning = rope === null ? null : ropes[rope]!;
  const heads = {
    HEADS: num_attention_heads,
    KV_HEADS: num_key_value_heads,
    HEAD_DIM: head_dim,
    PAGE,
    MAX_PAGES: ops.kv.max_pages,
  };
  const turns = {
    ROPE_DIM: turning?.dim ?? 0,
    ...(turning?.style === 'halves' && { HALVES: true }),
  };
  const windowed = { ...(window !== null && { WINDOW: window }) };
  const scores = {
    SCALE: attention_scale,
    ...windowed,
    ...(attention_softcap !== null && { SOFTCAP: attention_softcap }),
    ...(alibi && { ALIBI: true }),
  };
  const width = num_attention_heads * head_dim;
  const stride = { ...(storedWidth(width) > width && { Y_STRIDE: storedWidth(width) }) };
  const buffers = {
    tokens: { buffer: ops.inputs.tokens },
    page_table: { buffer: ops.kv.page_table },
    turns: ops.inputs.turnsOf(rope ?? 0),
    spans: { buffer: ops.inputs.spans },
    qkv: { buffer: qkv },
    k_cache: { buffer: cache.k },
    v_cache: { buffer: cache.v },
    y: { buffer: y },
  };
  const ending = (kernel: Kernel) => (sinks ? kernels.withSinks(kernel) : kernel);
  const of_sinks = sinks && [vectorOf(sinks)];
  const alone = ops.tokens === 1 || ops.inputs.one_per_sequence;
  // It reads heads pair by pair.
  if (alone && !ops.quad && head_dim % 2 === 0) {
    const { SPLITS } = kernels;
    const parts = {
      parts: { buffer: ops.state.attention_parts },
      weights: { buffer: ops.state.attention_weights },
    };
    ops.dispatcher.dispatch(
      { kernel: kernels.attention_split, constants: { ...heads, ...turns, ...scores, SPLITS } },
      { ...buffers, ...parts },
      ops.tokens,
    );
    ops.dispatcher.dispatch(
      {
        kernel: ending(kernels.attention_merge),
        constants: {
          HEADS: num_attention_heads,
          HEAD_DIM: head_dim,
          PAGE,
          SPLITS,
          ...windowed,
          ...stride,
        },
      },
      { ...buffers, ...parts },
      ops.tokens,
      of_sinks,
    );
    return;
  }
  ops.dispatcher.dispatch(
    { kernel: kernels.rope_append, constants: { ...heads, ...turns } },
    buffers,
    ops.tokens,
  );
  ops.dispatcher.dispatch(
    {
      kernel: ending(ops.quad ? kernels.attention_quad : kernels.attention),
      constants: { ...heads, ...scores, ...stride },
    },
    buffers,
    ops.inputs.span_count,
    of_sinks,
  );
}
