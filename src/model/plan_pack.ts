import type { Checkpoint, TensorInfo } from '../formats/checkpoint.ts';
import type { ModelConfig } from './config.ts';
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

export declare function planPack(checkpoint: Checkpoint): PackPlan;
