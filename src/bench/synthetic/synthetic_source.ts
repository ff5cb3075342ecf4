import { seededRandom } from '../../engine/random.ts';
import { BLOCK_TYPES } from '../../formats/block_types.ts';
import type { PlacedTensor } from '../../formats/checkpoint.ts';
import { writeGgufHeader } from '../../formats/gguf/write_gguf.ts';
import type { ByteSource } from '../../formats/source.ts';
import { checkRange } from '../../formats/sources/check_range.ts';
import type { ModelConfig } from '../../model/config.ts';
import { llamaConfig, type Shape } from '../../model/shapes.ts';
import {
  embeddingTensors,
  headTensors,
  layerTensors,
  type TensorSpecs,
} from '../../model/tensors.ts';
import { syntheticMetadata } from './metadata.ts';
import { matrixPattern, normPattern, PATTERN_BLOCKS, type Pattern, repeat } from './pattern.ts';
import type { RandomType } from './random_blocks.ts';

export interface SyntheticOptions {
  /** `general.name`. */
  readonly name: string;
  readonly shape: Shape;
  /** Of every matrix; norms are F32. */
  readonly type: RandomType;
  readonly seed: number;
}

/** A tensor: its pattern over and over, from block `start` of it on. */
export interface RandomTensor {
  readonly info: PlacedTensor;
  readonly pattern: Pattern;
  readonly start: number;
}

/**
 * A GGUF file that nobody has stored: a model of the Llama architecture whose weights are random, the same for the
 * same options. Matrices keep the size of what goes through them, so that logits stay finite at any depth.
 */
export class SyntheticSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly version: string;
  readonly tensors: ReadonlyMap<string, RandomTensor>;
  private readonly header: Uint8Array;

  constructor({ name, shape, type, seed }: SyntheticOptions) {
    const config = llamaConfig(shape);
    const { bytes, tensors, size } = writeGgufHeader(
      syntheticMetadata(name, config),
      Object.entries(tensorsOf(config)).map(([name, { shape }]) => ({
        name,
        shape,
        type: shape.length === 1 ? 'F32' : type,
      })),
    );
    this.name = `${name.replaceAll(' ', '-')}.gguf`;
    this.size = size;
    this.version = `${size} bytes from seed ${seed}`;
    this.header = bytes;

    const random = seededRandom(seed);
    const norms = normPattern(random);
    const matrices = new Map<number, Pattern>();
    const patternOf = ([, in_features]: readonly number[]): Pattern => {
      if (in_features === undefined) return norms;
      const pattern = matrices.get(in_features) ?? matrixPattern(type, in_features, random);
      matrices.set(in_features, pattern);
      return pattern;
    };
    this.tensors = new Map(
      tensors.map((info) => {
        const start = Math.floor(random() * PATTERN_BLOCKS);
        return [info.name, { info, pattern: patternOf(info.shape), start }];
      }),
    );
  }

  async read(offset: number, length: number, signal?: AbortSignal) {
    signal?.throwIfAborted();
    checkRange(this, offset, length);
    const bytes = new Uint8Array(length);
    bytes.set(this.header.subarray(offset, offset + length));
    for (const { info, pattern, start } of this.tensors.values()) {
      const from = Math.max(offset, info.offset);
      const to = Math.min(offset + length, info.offset + info.bytes);
      if (from >= to) continue;
      const at = start * BLOCK_TYPES[info.type].block_bytes + from - info.offset;
      repeat(pattern.blocks, at, bytes.subarray(from - offset, to - offset));
    }
    return bytes;
  }
}

function tensorsOf(config: ModelConfig): TensorSpecs {
  const layers = Array.from({ length: config.num_hidden_layers }, (_, i) =>
    layerTensors(config, i),
  );
  return Object.assign({}, embeddingTensors(config), ...layers, headTensors(config));
}
