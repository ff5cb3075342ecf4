import type { BlockType } from '../block_type.ts';
import { halfToFloatBits } from './half.ts';

/** IEEE float16, little-endian. */
export const F16: BlockType = {
  name: 'F16',
  ggml_type: 1,
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
      bits[i] = halfToFloatBits(codes![2 * i]! | (codes![2 * i + 1]! << 8));
    }
    return values;
  },
};
