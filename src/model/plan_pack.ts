import type { Checkpoint, TensorInfo } from '../formats/checkpoint.ts';
import type { ModelConfig } from './config.ts';
import {
  MissingTensorError,
  NormTypeError,
  TensorShapeError,
  UnexpectedTensorError,
} from './errors.ts';
import { readConfig } from './gguf_config.ts';
import { readTokenizer } from './gguf_tokenizer.ts';
import { Metadata } from './metadata.ts';
import type { TokenizerData } from './tokenizer_data.ts';

/** Which tensors of a checkpoint go into which file of a pack, every shape checked. */
export interface PackPlan {
  readonly name: string;
  readonly config: ModelConfig;
  readonly tokenizer: TokenizerData;
  readonly embedding: readonly TensorInfo[];
  readonly layers: readonly (readonly TensorInfo[])[];
  readonly head: readonly TensorInfo[];
}

/**
 * What a checkpoint becomes on disk, each file's tensors in the order in which the kernels read them. What the
 * engine could not run is refused here, before anything is written.
 * @throws the errors of `readConfig` and `readTokenizer`, MissingTensorError, TensorShapeError, NormTypeError,
 * UnexpectedTensorError
 */
export function planPack(checkpoint: Checkpoint): PackPlan {
  const config = readConfig(checkpoint);
  const { source, tensors } = checkpoint;
  const { hidden_size, num_hidden_layers, tie_word_embeddings, vocab_size } = config;
  const taken = new Set<string>();

  const take = (tensor: string, expected: readonly number[]): TensorInfo => {
    const info = tensors.get(tensor);
    if (!info) throw new MissingTensorError({ source: source.name, tensor });
    const { shape, type } = info;
    if (shape.join() !== expected.join()) {
      throw new TensorShapeError({ source: source.name, tensor, shape, expected });
    }
    // The only vectors are the weights of norms.
    if (shape.length === 1 && type !== 'F32') {
      throw new NormTypeError({ source: source.name, tensor, type });
    }
    taken.add(tensor);
    return info;
  };

  const embedding = [take('token_embd.weight', [vocab_size, hidden_size])];
  const shapes = Object.entries(layerShapes(config));
  const layers = Array.from({ length: num_hidden_layers }, (_, layer) =>
    shapes.map(([role, shape]) => take(`blk.${layer}.${role}.weight`, shape)),
  );
  const head = [take('output_norm.weight', [hidden_size])];
  if (!tie_word_embeddings) head.push(take('output.weight', [vocab_size, hidden_size]));

  for (const tensor of tensors.keys()) {
    if (!taken.has(tensor)) throw new UnexpectedTensorError({ source: source.name, tensor });
  }
  const name = new Metadata(checkpoint).string('general.name', '') || source.name;
  return {
    name,
    config,
    tokenizer: readTokenizer(checkpoint, vocab_size),
    embedding,
    layers,
    head,
  };
}

/** The tensors of one decoder layer in the order in which `decoderLayer` uses them, matrices `[out, in]`. */
function layerShapes(config: ModelConfig): Record<string, readonly number[]> {
  const { hidden_size, intermediate_size, head_dim } = config;
  const query_size = config.num_attention_heads * head_dim;
  const key_value_size = config.num_key_value_heads * head_dim;
  return {
    attn_norm: [hidden_size],
    attn_q: [query_size, hidden_size],
    attn_k: [key_value_size, hidden_size],
    attn_v: [key_value_size, hidden_size],
    attn_output: [hidden_size, query_size],
    ffn_norm: [hidden_size],
    ffn_gate: [intermediate_size, hidden_size],
    ffn_up: [intermediate_size, hidden_size],
    ffn_down: [hidden_size, intermediate_size],
  };
}
