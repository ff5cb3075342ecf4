import type { BlockType } from '../block_type.ts';
import { E2M1_VALUES } from './code_tables.ts';
import { CodeUnit, decodeUnits } from './code_unit.ts';
import { copyField } from './copy_field.ts';

const unit = new CodeUnit();

/**
 * 32 floats v of 4 bits with a power of two as scale, of which a byte e is the exponent: value = 2^(e - 127) v (the
 * Open Compute Project's microscaling formats, 2023). A block in a checkpoint is e, then 16 bytes as in Q4_0 (ggml's
 * `block_mxfp4`).
 */
export const MXFP4: BlockType = {
  name: 'MXFP4',
  ggml_type: 39,
  block_size: 32,
  block_bytes: 17,
  planes: [
    { name: 'codes', bytes_per_block: 16 },
    { name: 'scales', bytes_per_block: 1 },
  ],
  split(blocks, count, [codes, scales]) {
    copyField(blocks, count, { block_bytes: 17, offset: 1, bytes: 16 }, codes!);
    copyField(blocks, count, { block_bytes: 17, offset: 0, bytes: 1 }, scales!);
  },
  decode([codes, scales], count) {
    const load = (b: number) => {
      unit.unpack(codes!, 16 * b, 4);
      unit.look(E2M1_VALUES);
    };
    return decodeUnits(unit, count, load, (half) => 2 ** (scales![half >> 1]! - 128));
  },
};
