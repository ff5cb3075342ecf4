import type { ModelBlocks, ModelConfig } from '../config.ts';
import { yarnFactors } from '../rope_scaling.ts';
import type { Architecture, Origin } from './architecture.ts';
import { GGUF_ORIGINS, LLAMA_ORIGINS, windowed } from './architecture.ts';
import { demand, slidingWindow } from './hugging_face.ts';

const MOST_EXPERTS = 1024;

/** Experts with biases behind a gate that is clamped, heads that may attend to nothing. */
const GPT_OSS_BLOCKS: Partial<ModelBlocks> = {
  activation: 'clamped_silu',
  biases: ['attn_qkv', 'attn_output', 'ffn_gate_inp', 'ffn_up', 'ffn_down'],
  attention_sinks: true,
};

/** Every other layer has a window, the first one first. */
const isWindowed = (layer: number): boolean => layer % 2 === 0;

/** The matrices of all experts are one tensor, without an ending to its name. */
const expertOrigin = (name: string, first: number, step: number): Origin => ({
  name: `layers.#.mlp.experts.${name}`,
  endings: { weight: '', bias: '_bias' },
  stacked: { first, step },
});

/** YaRN whose band begins and ends between dimensions, as the model was trained: GGUF files do not tell. */
function untruncated([rope]: ModelConfig['ropes'], factor: number, original_length: number) {
  const scaling = { factor, original_length, beta_fast: 32, beta_slow: 1, truncate: false };
  return [{ ...rope!, factors: yarnFactors(rope!, scaling) }];
}

/** OpenAI's gpt-oss (2025). */
export const gpt_oss: Architecture = {
  name: 'gpt_oss',
  gguf: {
    names: ['gpt-oss'],
    rope_style: 'halves',
    origins: { ...GGUF_ORIGINS, ffn_norm: 'blk.#.post_attention_norm' },
    read(keys, config) {
      const count = keys.integer('expert_count', 1, MOST_EXPERTS);
      const window = keys.integer('attention.sliding_window', 1, 2 ** 31);
      const scaled = keys.string('rope.scaling.type', 'none') === 'yarn';
      return {
        ...GPT_OSS_BLOCKS,
        layers: windowed(config, window, isWindowed),
        intermediate_size: keys.integer('expert_feed_forward_length', 1, 2 ** 26),
        experts: {
          count,
          per_token: keys.integer('expert_used_count', 1, count),
          normalised: true,
        },
        ...(scaled && {
          ropes: untruncated(
            config.ropes,
            keys.positive('rope.scaling.factor'),
            keys.positive('rope.scaling.original_context_length'),
          ),
        }),
      };
    },
  },
  hugging_face: {
    names: ['gpt_oss'],
    prefixes: ['model.', ''],
    origins: {
      ...LLAMA_ORIGINS,
      attn_sinks: { name: 'layers.#.self_attn.sinks', endings: { weight: '', bias: '' } },
      ffn_gate_inp: 'layers.#.mlp.router',
      'ffn_gate.*': expertOrigin('gate_up_proj', 0, 2),
      'ffn_up.*': expertOrigin('gate_up_proj', 1, 2),
      'ffn_down.*': expertOrigin('down_proj', 0, 1),
    },
    defaults: {
      head_dim: 64,
      num_key_value_heads: 8,
      rms_norm_eps: 1e-5,
      rope_theta: 150_000,
      sliding_window: 128,
    },
    read(keys, config) {
      demand(keys, 'swiglu_alpha', [1.702]);
      demand(keys, 'swiglu_limit', [7]);
      const count = keys.integer('num_local_experts', 1, MOST_EXPERTS);
      demand(keys, 'attention_bias', [true]);
      demand(keys, 'quantization_config.quant_method', ['mxfp4']);
      return {
        ...GPT_OSS_BLOCKS,
        layers: slidingWindow(keys, config, isWindowed),
        experts: {
          count,
          per_token: keys.integer('num_experts_per_tok', 1, count),
          normalised: true,
        },
      };
    },
  },
};
