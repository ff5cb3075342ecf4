/** Where a field lies in a block, in bytes; all even. */
export interface Field {
  readonly block_bytes: number;
  readonly offset: number;
  readonly bytes: number;
}

/** Gathers one field of `count` blocks into a plane. */
export function copyField(blocks: Uint8Array, count: number, field: Field, plane: Uint8Array) {
  const { block_bytes, offset, bytes } = field;
  if ((blocks.byteOffset | plane.byteOffset) & 1) {
    for (let b = 0; b < count; b++) {
      const from = b * block_bytes + offset;
      for (let i = 0; i < bytes; i++) plane[b * bytes + i] = blocks[from + i]!;
    }
    return;
  }
  // Two bytes at a time: several times as fast as a copy per block, whose call costs more than its 2 to 32 bytes.
  const source = new Uint16Array(blocks.buffer, blocks.byteOffset, (count * block_bytes) / 2);
  const target = new Uint16Array(plane.buffer, plane.byteOffset, (count * bytes) / 2);
  const stride = block_bytes / 2;
  const width = bytes / 2;
  for (let b = 0, from = offset / 2, to = 0; b < count; b++, from += stride, to += width) {
    for (let i = 0; i < width; i++) target[to + i] = source[from + i]!;
  }
}
