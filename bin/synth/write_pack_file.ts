import type { BlockType } from '../../src/formats/block_type.ts';
import { BLOCK_TYPES } from '../../src/formats/block_types.ts';
import { createSha256 } from '../../src/store/sha256.ts';
import type { WriteWeights } from '../../src/store/weight_file.ts';
import { repeat } from './pattern.ts';
import type { SyntheticSource } from './synthetic_source.ts';

/** Small enough to be filled, hashed and written inside a processor's cache. */
const PIECE_BYTES = 2 ** 20;

/** Writes the files of a pack plane by plane: what `writeWeightFile` does, without blocks that are split. */
export function packFileWriter(source: SyntheticSource): WriteWeights {
  return async (_, { layout, tensors }, writer, onBytes, signal) => {
    const hash = createSha256(layout.bytes);
    const buffer = new Uint8Array(PIECE_BYTES);
    let end = 0;
    const put = async (bytes: Uint8Array) => {
      signal?.throwIfAborted();
      const writing = writer.write(bytes);
      hash.update(bytes);
      await writing;
      end += bytes.length;
      onBytes(bytes.length);
    };
    const padTo = (offset: number) => put(new Uint8Array(offset - end));

    for (const [i, { name, type }] of tensors.entries()) {
      const { pattern, start } = source.tensors.get(name)!;
      const { planes }: BlockType = BLOCK_TYPES[type];
      for (const [p, { offset, bytes }] of layout.tensors[i]!.planes.entries()) {
        await padTo(offset);
        let at = start * planes[p]!.bytes_per_block;
        for (let left = bytes; left > 0; ) {
          const piece = buffer.subarray(0, left);
          repeat(pattern.planes[p]!, at, piece);
          await put(piece);
          at += piece.length;
          left -= piece.length;
        }
      }
    }
    await padTo(layout.bytes);
    return hash.digest();
  };
}
