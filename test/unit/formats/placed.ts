import type { PlacedTensor, TensorInfo } from '../../../src/formats/checkpoint.ts';

/** Tensors without their file, which is not compared byte by byte. */
export function placed(tensors: ReadonlyMap<string, TensorInfo>): PlacedTensor[] {
  return Array.from(tensors.values(), ({ source: _, ...tensor }) => tensor);
}
