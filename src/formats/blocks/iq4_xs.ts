import type { BlockType } from '../block_type.ts';
import { IQ4_VALUES } from './code_tables.ts';
import { CodeUnit, decodeUnits } from './code_unit.ts';
import { copyField } from './copy_field.ts';
import { halfAt } from './half.ts';

const unit = new CodeUnit();

/**
 * 256 values v as in IQ4_NL; of each 32 a scale s of 6 bits, and for all of them d in float16: value = d (s - 32) v. A
 * block in a checkpoint is d, the scales' highest two bits, their lowest four, 128 bytes of codes, those of each 32
 * values as in Q4_0 (ggml's `block_iq4_xs`).
 */
export const IQ4_XS: BlockType = {
  name: 'IQ4_XS',
  ggml_type: 23,
  block_size: 256,
  block_bytes: 136,
  planes: [
    { name: 'codes', bytes_per_block: 128 },
    { name: 'scales', bytes_per_block: 8 },
  ],
  split(blocks, count, [codes, scales]) {
    copyField(blocks, count, { block_bytes: 136, offset: 8, bytes: 128 }, codes!);
    copyField(blocks, count, { block_bytes: 136, offset: 0, bytes: 8 }, scales!);
  },
  decode([codes, scales], count) {
    const load = (u: number) => {
      unit.unpack(codes!, 16 * u, 4);
      unit.look(IQ4_VALUES);
    };
    const scale = (half: number) => {
      const at = 8 * (half >> 4);
      const u = (half >> 1) & 7;
      const high = (scales![at + 2 + (u >> 2)]! >> (2 * (u & 3))) & 3;
      const low = (scales![at + 4 + (u >> 1)]! >> (4 * (u & 1))) & 15;
      return halfAt(scales!, at / 2) * ((low | (high << 4)) - 32);
    };
    return decodeUnits(unit, 8 * count, load, scale);
  },
};
