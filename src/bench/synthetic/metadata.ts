import type { GgufValue } from '../../formats/gguf/write_gguf.ts';
import type { ModelConfig } from '../../model/config.ts';
import { syntheticTokenizer } from './tokenizer.ts';

const uint32 = (value: number): GgufValue => ({ type: 'uint32', value });
const float32 = (value: number): GgufValue => ({ type: 'float32', value });
const string = (value: string): GgufValue => ({ type: 'string', value });

/** Everything that a reader of a Llama model asks a GGUF file for. */
export function syntheticMetadata(
  name: string,
  config: ModelConfig,
): Readonly<Record<string, GgufValue>> {
  const { tokens, token_types, chat_template, end_token_id } = syntheticTokenizer(
    config.vocab_size,
  );
  const { dim, theta } = config.ropes[0]!;
  return {
    'general.architecture': string(config.architecture),
    'general.name': string(name),
    'general.quantization_version': uint32(2),
    'llama.block_count': uint32(config.num_hidden_layers),
    'llama.context_length': uint32(config.max_position_embeddings),
    'llama.embedding_length': uint32(config.hidden_size),
    'llama.feed_forward_length': uint32(config.intermediate_size),
    'llama.attention.head_count': uint32(config.num_attention_heads),
    'llama.attention.head_count_kv': uint32(config.num_key_value_heads),
    'llama.attention.key_length': uint32(config.head_dim),
    'llama.attention.value_length': uint32(config.head_dim),
    'llama.attention.layer_norm_rms_epsilon': float32(config.norm.eps),
    'llama.rope.dimension_count': uint32(dim),
    'llama.rope.freq_base': float32(theta),
    'llama.vocab_size': uint32(config.vocab_size),
    'tokenizer.ggml.model': string('gpt2'),
    'tokenizer.ggml.pre': string('gpt-2'),
    'tokenizer.ggml.tokens': { type: 'array', of: 'string', value: tokens },
    'tokenizer.ggml.token_type': { type: 'array', of: 'int32', value: token_types },
    'tokenizer.ggml.merges': { type: 'array', of: 'string', value: [] },
    'tokenizer.ggml.bos_token_id': uint32(end_token_id),
    'tokenizer.ggml.eos_token_id': uint32(end_token_id),
    'tokenizer.ggml.add_bos_token': { type: 'bool', value: false },
    'tokenizer.chat_template': string(chat_template),
  };
}
