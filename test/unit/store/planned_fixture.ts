import type { TensorInfo } from '../../../src/formats/checkpoint.ts';
import { type PlannedTensor, valuesOf } from '../../../src/model/planned_tensor.ts';

/** A pack's tensor that is just one of the checkpoint's. */
export function plannedWhole(tensor: TensorInfo): PlannedTensor {
  const { name, type, shape } = tensor;
  const parts = [{ tensor, first: 0, count: valuesOf(shape) }];
  return { name, type, shape, cols: shape.at(-1)!, parts, columns: null };
}
