import type { BlockTypeName, EncodedTypeName } from '../formats/block_types.ts';
import type { Manifest, PackTensor } from './manifest.ts';
import { filesOf } from './open_pack.ts';

/** A matrix that an import quantized. */
export interface QuantizedTensor {
  readonly name: string;
  readonly type: BlockTypeName;
  readonly relative_error: number;
}

/** What an import with `quantize` did to a model's matrices. */
export interface Quantization {
  /** The type that was asked for. */
  readonly type: EncodedTypeName;
  readonly quantized: readonly QuantizedTensor[];
  /** Those of them that have another type, as their rows are no whole blocks of the wanted one. */
  readonly fallback: readonly QuantizedTensor[];
  /** Matrices with the checkpoint's own blocks: they were quantized already, or lose too much. */
  readonly kept: readonly Pick<PackTensor, 'name' | 'type'>[];
  /** Over the quantized matrices; 0 where there is none. */
  readonly mean_error: number;
  readonly worst: QuantizedTensor | null;
}

/** What a pack's manifest says about it; null where each tensor has the checkpoint's type. */
export function quantizationOf(manifest: Manifest): Quantization | null {
  const { quantize } = manifest.source;
  if (!quantize) return null;
  const quantized: QuantizedTensor[] = [];
  const kept: Pick<PackTensor, 'name' | 'type'>[] = [];
  for (const { tensors, errors = {} } of filesOf(manifest)) {
    for (const { name, type, shape } of tensors) {
      const relative_error = errors[name];
      if (relative_error !== undefined) quantized.push({ name, type, relative_error });
      else if (shape.length > 1) kept.push({ name, type });
    }
  }
  const sum = quantized.reduce((total, { relative_error }) => total + relative_error, 0);
  return {
    type: quantize,
    quantized,
    fallback: quantized.filter(({ type }) => type !== quantize),
    kept,
    mean_error: sum / Math.max(1, quantized.length),
    worst: quantized.toSorted((a, b) => b.relative_error - a.relative_error)[0] ?? null,
  };
}
