/** Where a field lies in a block, in bytes. */
export interface Field {
  readonly block_bytes: number;
  readonly offset: number;
  readonly bytes: number;
}

/** Gathers one field of `count` blocks into a plane. */
export function copyField(blocks: Uint8Array, count: number, field: Field, plane: Uint8Array) {
  const { block_bytes, offset, bytes } = field;
  const source = viewOf(blocks);
  const target = viewOf(plane);
  const words = bytes - (bytes % 4);
  // Views, because blocks lie at any address. Four bytes at a time are twice as fast as two, and several times as
  // fast as a copy per block, whose call costs more than its 2 to 32 bytes; eight would be BigInts, which are slow.
  for (let b = 0, to = 0; b < count; b++) {
    let from = b * block_bytes + offset;
    for (const end = from + words; from < end; from += 4, to += 4) {
      target.setUint32(to, source.getUint32(from, true), true);
    }
    if (bytes & 2) {
      target.setUint16(to, source.getUint16(from, true), true);
      from += 2;
      to += 2;
    }
    if (bytes & 1) target.setUint8(to++, source.getUint8(from));
  }
}

/** A view of the same bytes. */
export function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
