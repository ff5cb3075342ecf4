import type { BlockType } from '../formats/block_type.ts';
import { BLOCK_TYPES, type BlockTypeName } from '../formats/block_types.ts';
import { ErrorSum } from '../formats/blocks/relative_error.ts';
import type { PlannedTensor } from '../model/planned_tensor.ts';
import { arrange } from './arrange_rows.ts';
import { WeightNotFiniteError } from './errors.ts';
import type { PieceWriter } from './piece_writer.ts';

/** Whether a tensor is stored in blocks that are not the checkpoint's. */
export const isQuantized = ({ type, parts }: PlannedTensor): boolean =>
  type !== parts[0]!.tensor.type && BLOCK_TYPES[type].block_size > 1;

/**
 * Writes the first plane of a tensor in its new type, and fills the others: a few rows at a time are floats.
 *
 * @param blocks the checkpoint's, as `arrange` takes them
 * @returns The relative error of its values.
 * @throws WeightNotFiniteError
 */
export async function quantizeTensor(
  tensor: PlannedTensor,
  blocks: AsyncIterable<Uint8Array>,
  others: readonly Uint8Array[],
  out: PieceWriter,
): Promise<number> {
  const { name, cols, shape } = tensor;
  const width = shape.at(-1)!;
  const type: BlockType = BLOCK_TYPES[tensor.type];
  const [first, ...rest] = type.planes;
  const error = new ErrorSum();
  let start = 0;
  for await (const rows of arrange({ ...tensor, type: 'F32' }, blocks)) {
    const values = new Float32Array(rows.buffer, rows.byteOffset, rows.length / 4);
    const count = values.length / type.block_size;
    checkFinite(values, name, tensor.type);
    const planes = [
      new Uint8Array(count * first!.bytes_per_block),
      ...rest.map(({ bytes_per_block: size }, p) =>
        others[p]!.subarray(start * size, (start + count) * size),
      ),
    ];
    type.encode!(values, count, planes);
    const stored = type.decode(planes, count);
    // Without the zeros that rows are filled up with.
    for (let row = 0; row < values.length; row += width) {
      error.add(stored.subarray(row, row + cols), values.subarray(row, row + cols));
    }
    await out.put(planes[0]!);
    start += count;
  }
  return error.relative;
}

function checkFinite(values: Float32Array, tensor: string, type: BlockTypeName): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) throw new WeightNotFiniteError({ tensor, type });
  }
}
