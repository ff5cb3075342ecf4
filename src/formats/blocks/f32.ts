import type { BlockType } from '../block_type.ts';

/** Plain float32, little-endian. */
export const F32: BlockType = {
  name: 'F32',
  ggml_type: 0,
  block_size: 1,
  block_bytes: 4,
  planes: [{ name: 'codes', bytes_per_block: 4 }],
  split(blocks, count, [codes]) {
    codes!.set(blocks.subarray(0, 4 * count));
  },
  decode([codes], count) {
    const values = new Float32Array(count);
    new Uint8Array(values.buffer).set(codes!.subarray(0, 4 * count));
    return values;
  },
};
