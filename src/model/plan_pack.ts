import { BLOCK_TYPES } from '../formats/block_types.ts';
import type { Checkpoint, TensorInfo } from '../formats/checkpoint.ts';
import type { Origin, Origins, RowRun } from './architectures/architecture.ts';
import { checkKernelLimits } from './check_config.ts';
import type { ModelConfig } from './config.ts';
import {
  MissingTensorError,
  TensorShapeError,
  UnexpectedTensorError,
  VectorTypeError,
} from './errors.ts';
import { readGgufConfig } from './gguf_config.ts';
import { readTokenizer } from './gguf_tokenizer.ts';
import { readHuggingFaceConfig } from './hugging_face_config.ts';
import { Metadata } from './metadata.ts';
import { type PlannedTensor, type ValueRange, valuesOf } from './planned_tensor.ts';
import {
  embeddingTensors,
  headTensors,
  layerTensors,
  type TensorSpec,
  type TensorSpecs,
} from './tensors.ts';
import type { TokenizerData } from './tokenizer_data.ts';
import { readTokenizerJson } from './tokenizer_json.ts';

/** Which tensors of a checkpoint go into which file of a pack, every shape checked. */
export interface PackPlan {
  readonly name: string;
  readonly config: ModelConfig;
  /** Null where the checkpoint has none. */
  readonly tokenizer: TokenizerData | null;
  readonly embedding: readonly PlannedTensor[];
  readonly layers: readonly (readonly PlannedTensor[])[];
  readonly head: readonly PlannedTensor[];
}

/**
 * What a checkpoint becomes on disk, each file's tensors in the order in which the kernels read them. What the
 * engine could not run is refused here, before anything is written.
 * @throws the errors of `readGgufConfig`, `readHuggingFaceConfig`, `checkKernelLimits` and of the tokenizer's readers,
 * MissingTensorError, TensorShapeError, VectorTypeError, UnexpectedTensorError
 */
export function planPack(checkpoint: Checkpoint): PackPlan {
  const { config, origins, prefix, isKnown } = meaningOf(checkpoint);
  checkKernelLimits(checkpoint.source.name, config);
  const planner = new TensorPlanner(checkpoint, config, origins, prefix);
  const layers = Array.from({ length: config.num_hidden_layers }, (_, layer) =>
    planner.takeAll(layerTensors(config, layer)),
  );
  const [embedding, head] = [embeddingTensors, headTensors].map((tensorsOf) =>
    planner.takeAll(tensorsOf(config)),
  );
  planner.checkRest(isKnown);
  return {
    name: nameOf(checkpoint),
    config,
    tokenizer: tokenizerFrom(checkpoint, config.vocab_size),
    embedding: embedding!,
    layers,
    head: head!,
  };
}

interface Meaning {
  readonly config: ModelConfig;
  readonly origins: Origins;
  readonly prefix: string;
  /** Whether a tensor that is part of no file may be there. */
  isKnown(tensor: string): boolean;
}

function meaningOf(checkpoint: Checkpoint): Meaning {
  const { format, tensors, tables, documents } = checkpoint;
  if (format === 'gguf') {
    const { config, dialect } = readGgufConfig(checkpoint);
    const isKnown = (tensor: string) => tables.has(tensor);
    return { config, origins: dialect.origins, prefix: '', isKnown };
  }
  const { config, dialect } = readHuggingFaceConfig(checkpoint, documents.config?.raw);
  const { origins, prefixes, ignored } = dialect;
  const embedding = origins.token_embd as string;
  const prefix =
    prefixes.find((start) => tensors.has(`${start}${embedding}.weight`)) ?? prefixes[0]!;
  // Some write the output matrix although it is the embedding.
  const again = config.tie_word_embeddings ? `${origins.output}.weight` : '';
  return {
    config,
    origins,
    prefix,
    isKnown: (tensor) => tensor === again || ignored?.test(tensor) === true,
  };
}

function tokenizerFrom(checkpoint: Checkpoint, vocab_size: number): TokenizerData | null {
  const { format, source, documents } = checkpoint;
  if (format === 'gguf') return readTokenizer(checkpoint, vocab_size);
  const { tokenizer, tokenizer_config, generation_config, chat_template } = documents;
  if (!tokenizer) return null;
  return readTokenizerJson(
    {
      source: source.name,
      tokenizer: tokenizer.raw,
      tokenizer_config: tokenizer_config?.raw,
      generation_config: generation_config?.raw,
      chat_template,
    },
    vocab_size,
  );
}

/** The name to show: a GGUF file's own, else where the checkpoint lies. */
function nameOf(checkpoint: Checkpoint): string {
  const { format, source } = checkpoint;
  return (format === 'gguf' && new Metadata(checkpoint).string('general.name', '')) || source.name;
}

/** A tensor of a pack: `blk.<layer>.<role>[.<expert>].weight`. */
const NAME = /^(?:blk\.(?<layer>\d+)\.)?(?<role>\w+)(?:\.(?<expert>\d+))?\.(?<suffix>weight|bias)$/;

const ENDINGS = { weight: '.weight', bias: '.bias' };

/** Finds a pack's tensors in a checkpoint. */
class TensorPlanner {
  private readonly source: string;
  private readonly tensors: ReadonlyMap<string, TensorInfo>;
  private readonly config: ModelConfig;
  private readonly origins: Origins;
  private readonly prefix: string;
  /** Values that have been taken of each tensor. */
  private readonly taken = new Map<string, number>();

  /** @param prefix what the names of all tensors begin with, but the output matrix's */
  constructor(checkpoint: Checkpoint, config: ModelConfig, origins: Origins, prefix: string) {
    this.source = checkpoint.source.name;
    this.tensors = checkpoint.tensors;
    this.config = config;
    this.origins = origins;
    this.prefix = prefix;
  }

  takeAll(specs: TensorSpecs): PlannedTensor[] {
    return Object.entries(specs).map(([name, spec]) => this.take(name, spec));
  }

  /** @throws UnexpectedTensorError, TensorShapeError for what has been taken not at all, or in part */
  checkRest(isKnown: (tensor: string) => boolean): void {
    const { source } = this;
    for (const [tensor, { shape }] of this.tensors) {
      const taken = this.taken.get(tensor);
      if (taken === undefined) {
        if (!isKnown(tensor)) throw new UnexpectedTensorError({ source, tensor });
      } else if (taken !== valuesOf(shape)) {
        const rest = shape.slice(1);
        const expected = [taken / valuesOf(rest), ...rest];
        throw new TensorShapeError({ source, tensor, shape, expected });
      }
    }
  }

  private take(name: string, { shape, stored }: TensorSpec): PlannedTensor {
    const { source, config } = this;
    const { layer, role, expert, suffix } = NAME.exec(name)!.groups!;
    const found = this.origins[expert === undefined ? role! : `${role}.*`];
    if (found === undefined) throw new MissingTensorError({ source, tensor: name });
    const origin: Origin = typeof found === 'string' ? { name: found } : found;
    const prefix = role === 'output' ? '' : this.prefix;
    const path = origin.name.replace('#', layer ?? '').replace('*', expert ?? '');
    const { [suffix as 'weight' | 'bias']: ending } = origin.endings ?? ENDINGS;
    const tensor = this.find(`${prefix}${path}${ending}`);
    const isVector = shape.length === 1;
    if (isVector && BLOCK_TYPES[tensor.type].block_size > 1) {
      throw new VectorTypeError({ source, tensor: tensor.name, type: tensor.type });
    }
    const runs = origin.rows?.(config, Number(expert ?? 0));
    const planned = {
      name,
      type: isVector ? ('F32' as const) : tensor.type,
      shape: stored,
      cols: shape.at(-1)!,
    };
    if (origin.stacked) {
      return { ...planned, ...this.stackedOf(tensor, shape, origin.stacked, Number(expert)) };
    }
    const columns = origin.transposed && !isVector ? this.columnsOf(tensor, shape, runs) : null;
    const parts = columns
      ? [{ tensor, first: 0, count: valuesOf(tensor.shape) }]
      : this.partsOf(tensor, shape, runs);
    return { ...planned, parts, columns };
  }

  private find(tensor: string): TensorInfo {
    const info = this.tensors.get(tensor);
    if (!info) throw new MissingTensorError({ source: this.source, tensor });
    return info;
  }

  /** Rows of a tensor, all of them unless `runs` says which. */
  private partsOf(
    tensor: TensorInfo,
    expected: readonly number[],
    runs: readonly RowRun[] | undefined,
  ): ValueRange[] {
    const width = expected.length === 1 ? 1 : expected[1]!;
    const all = valuesOf(tensor.shape) / width;
    const fits = runs
      ? (width === 1 || tensor.shape.at(-1) === width) &&
        runs.every(({ first_row, rows }) => first_row + rows <= all)
      : tensor.shape.join() === expected.join();
    if (!fits) this.failShape(tensor, expected, runs);
    const parts = (runs ?? [{ first_row: 0, rows: all }]).map(({ first_row, rows }) => ({
      tensor,
      first: first_row * width,
      count: rows * width,
    }));
    this.note(tensor, valuesOf(expected));
    return parts;
  }

  /** Columns of a tensor that is stored the other way round. */
  private columnsOf(
    tensor: TensorInfo,
    [rows, cols]: readonly number[],
    runs: readonly RowRun[] | undefined,
  ): NonNullable<PlannedTensor['columns']> {
    const [height, width] = tensor.shape;
    const first = runs?.[0]?.first_row ?? 0;
    const fits = tensor.shape.length === 2 && height === cols && first + rows! <= width!;
    if (!fits || (!runs && rows !== width)) this.failShape(tensor, [cols!, rows!], runs);
    this.note(tensor, rows! * cols!);
    return { first, step: 1, count: rows!, width: width! };
  }

  /** Columns of an expert's part of a tensor; a bias is a matrix of one row. MXFP4 is stored the other way round: rows. */
  private stackedOf(
    tensor: TensorInfo,
    expected: readonly number[],
    { first, step }: NonNullable<Origin['stacked']>,
    expert: number,
  ): Pick<PlannedTensor, 'parts' | 'columns' | 'rows'> {
    const experts = this.config.experts!.count;
    const count = expected[0]!;
    const width = count * step;
    // Blocks lie along in_features.
    const apart = tensor.scales !== undefined;
    const shape = apart
      ? [experts, width, ...expected.slice(1)]
      : [experts, ...expected.slice(1), width];
    if (tensor.shape.join() !== shape.join()) this.failShape(tensor, shape, undefined);
    this.note(tensor, valuesOf(expected));
    const values = valuesOf(shape) / experts;
    const parts = [{ tensor, first: expert * values, count: values }];
    if (apart) return { parts, columns: null, rows: step > 1 ? { first, step } : undefined };
    return { parts, columns: { first, step, count, width } };
  }

  private note({ name }: TensorInfo, values: number): void {
    this.taken.set(name, (this.taken.get(name) ?? 0) + values);
  }

  private failShape(
    { name, shape }: TensorInfo,
    whole: readonly number[],
    runs: readonly RowRun[] | undefined,
  ): never {
    const least = Math.max(...(runs ?? []).map(({ first_row, rows }) => first_row + rows));
    const expected = runs ? [least, ...whole.slice(1)] : whole;
    throw new TensorShapeError({ source: this.source, tensor: name, shape, expected });
  }
}
