import type { BlockType } from './block_type.ts';
import { F16 } from './blocks/f16.ts';
import { F32 } from './blocks/f32.ts';
import { Q4_0 } from './blocks/q4_0.ts';
import { Q4_1 } from './blocks/q4_1.ts';
import { Q8_0 } from './blocks/q8_0.ts';

/** Every stored type, once. */
export const BLOCK_TYPES = { F32, F16, Q4_0, Q4_1, Q8_0 } as const satisfies Record<
  string,
  BlockType
>;

export type BlockTypeName = keyof typeof BLOCK_TYPES;
