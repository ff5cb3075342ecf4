/** Hyper-parameters of a decoder-only transformer, in the names of Hugging Face's `config.json`. */
export interface ModelConfig {
  readonly architecture: 'llama';
  readonly num_hidden_layers: number;
  /** Width of the residual stream. */
  readonly hidden_size: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim: number;
  readonly intermediate_size: number;
  readonly vocab_size: number;
  /** Tokens of context that the model was trained for. */
  readonly max_position_embeddings: number;
  readonly rms_norm_eps: number;
  readonly rope_theta: number;
  /** Dimensions of a head that RoPE rotates. */
  readonly rope_dim: number;
  /** The output matrix is the embedding. */
  readonly tie_word_embeddings: boolean;
}
