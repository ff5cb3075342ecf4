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
import { embeddingShapes, headShapes, layerShapes, type TensorShapes } from './tensors.ts';
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

  const takeAll = (shapes: TensorShapes): TensorInfo[] =>
    Object.entries(shapes).map(([tensor, shape]) => take(tensor, shape));

  const embedding = takeAll(embeddingShapes(config));
  const layers = Array.from({ length: config.num_hidden_layers }, (_, layer) =>
    takeAll(layerShapes(config, layer)),
  );
  const head = takeAll(headShapes(config));

  for (const tensor of tensors.keys()) {
    if (!taken.has(tensor)) throw new UnexpectedTensorError({ source: source.name, tensor });
  }
  const name = new Metadata(checkpoint).string('general.name', '') || source.name;
  return {
    name,
    config,
    tokenizer: readTokenizer(checkpoint, config.vocab_size),
    embedding,
    layers,
    head,
  };
}
