import type { BlockType } from '../block_type.ts';
import { IQ4_VALUES } from './code_tables.ts';
import { CodeUnit, decodeUnits } from './code_unit.ts';
import { copyField } from './copy_field.ts';
import { halfAt } from './half.ts';

const unit = new CodeUnit();

/**
 * 32 values of 4 bits, each the number of one of 16 values v, with one float16 scale d: value = d v. A block in a
 * checkpoint is as in Q4_0 (ggml's `block_iq4_nl`).
 */
export const IQ4_NL: BlockType = {
  name: 'IQ4_NL',
  ggml_type: 20,
  block_size: 32,
  block_bytes: 18,
  planes: [
    { name: 'codes', bytes_per_block: 16 },
    { name: 'scales', bytes_per_block: 2 },
  ],
  split(blocks, count, [codes, scales]) {
    copyField(blocks, count, { block_bytes: 18, offset: 2, bytes: 16 }, codes!);
    copyField(blocks, count, { block_bytes: 18, offset: 0, bytes: 2 }, scales!);
  },
  decode([codes, scales], count) {
    const load = (b: number) => {
      unit.unpack(codes!, 16 * b, 4);
      unit.look(IQ4_VALUES);
    };
    return decodeUnits(unit, count, load, (half) => halfAt(scales!, half >> 1));
  },
};
