import { createHash } from 'node:crypto';
import { PIECE_BYTES, pieceCount } from '../../../src/store/manifest.ts';

/** SHA-256 of every piece of a file, by Node's own means. */
export function piecesOf(bytes: Uint8Array): string[] {
  return Array.from({ length: pieceCount(bytes.length) }, (_, i) =>
    createHash('sha256')
      .update(bytes.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES))
      .digest('hex'),
  );
}
