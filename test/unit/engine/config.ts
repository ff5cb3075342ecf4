import type { ModelConfig } from '../../../src/model/config.ts';
import { llamaConfig } from '../../../src/model/shapes.ts';

/** A model's shape, for what reads only a part of it. */
export const config: ModelConfig = llamaConfig({
  num_hidden_layers: 1,
  hidden_size: 64,
  num_attention_heads: 1,
  num_key_value_heads: 1,
  head_dim: 64,
  intermediate_size: 64,
  vocab_size: 100,
  max_position_embeddings: 8192,
  rope_theta: 10_000,
  tie_word_embeddings: true,
});
