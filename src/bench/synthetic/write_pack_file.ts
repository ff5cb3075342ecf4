import type { BlockType } from '../../formats/block_type.ts';
import { BLOCK_TYPES } from '../../formats/block_types.ts';
import type { WriteWeights } from '../../store/weight_file.ts';
import { repeat } from './pattern.ts';
import type { SyntheticSource } from './synthetic_source.ts';

/** Small enough to be filled and copied inside a processor's cache. */
const PART_BYTES = 2 ** 18;

/** Writes the files of a pack plane by plane: what `writeWeightFile` does, without blocks that are split. */
export function packFileWriter(source: SyntheticSource): WriteWeights {
  return async ({ layout, tensors }, _, out) => {
    const buffer = new Uint8Array(PART_BYTES);
    for (const [i, { name, type }] of tensors.entries()) {
      const { pattern, start } = source.tensors.get(name)!;
      const { planes }: BlockType = BLOCK_TYPES[type];
      for (const [p, { offset, bytes }] of layout.tensors[i]!.planes.entries()) {
        await out.padTo(offset);
        let at = start * planes[p]!.bytes_per_block;
        for (let left = bytes; left > 0; ) {
          const part = buffer.subarray(0, left);
          repeat(pattern.planes[p]!, at, part);
          await out.put(part);
          at += part.length;
          left -= part.length;
        }
      }
    }
    await out.padTo(layout.bytes);
    return {};
  };
}
