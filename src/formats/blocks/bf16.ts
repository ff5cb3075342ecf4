import type { BlockType } from '../block_type.ts';

/** The upper half of a float32, little-endian. */
export const BF16: BlockType = {
  name: 'BF16',
  ggml_type: 30,
  block_size: 1,
  block_bytes: 2,
  planes: [{ name: 'codes', bytes_per_block: 2 }],
  split(blocks, count, [codes]) {
    codes!.set(blocks.subarray(0, 2 * count));
  },
  decode([codes], count) {
    const values = new Float32Array(count);
    const bits = new Uint32Array(values.buffer);
    for (let i = 0; i < count; i++) {
      bits[i] = (codes![2 * i]! << 16) | (codes![2 * i + 1]! << 24);
    }
    return values;
  },
};
