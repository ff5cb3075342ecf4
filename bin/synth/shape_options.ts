import { LEAST_TOKENS } from '../../src/bench/synthetic/tokenizer.ts';
import { SHAPES, type Shape, type ShapeName } from '../../src/model/shapes.ts';
import { wholeNumber } from '../options.ts';

interface Dimension {
  readonly key: keyof Shape;
  readonly min: number;
  readonly max: number;
  /** What it must be a multiple of. */
  readonly step?: number;
}

/** Options that change one dimension of a shape. The steps are those of blocks and of kernels. */
const DIMENSIONS = {
  layers: { key: 'num_hidden_layers', min: 1, max: 1000 },
  'hidden-size': { key: 'hidden_size', min: 32, max: 2 ** 17, step: 32 },
  'intermediate-size': { key: 'intermediate_size', min: 32, max: 2 ** 18, step: 32 },
  'attention-heads': { key: 'num_attention_heads', min: 1, max: 1024 },
  'key-value-heads': { key: 'num_key_value_heads', min: 1, max: 1024 },
  'head-dim': { key: 'head_dim', min: 32, max: 256, step: 32 },
  'vocab-size': { key: 'vocab_size', min: LEAST_TOKENS, max: 2 ** 18 },
  'context-length': { key: 'max_position_embeddings', min: 1, max: 2 ** 24 },
} as const satisfies Record<string, Dimension>;

export type ShapeOption = keyof typeof DIMENSIONS;

const NAMES = Object.keys(DIMENSIONS) as ShapeOption[];

/** For `readOptions`. */
export const SHAPE_OPTIONS = Object.fromEntries(
  NAMES.map((name) => [name, { type: 'string' }]),
) as Record<ShapeOption, { type: 'string' }>;

/** A shape of the table, some of its dimensions changed. @throws SettingError */
export function shapeOf(
  name: ShapeName,
  values: Readonly<Partial<Record<ShapeOption, string>>>,
): Shape {
  const changes = NAMES.flatMap((option) => {
    const dimension: Dimension = DIMENSIONS[option];
    const value = wholeNumber(`--${option}`, values[option], dimension);
    return value === undefined ? [] : [[dimension.key, value]];
  });
  return { ...SHAPES[name], ...Object.fromEntries(changes) };
}
