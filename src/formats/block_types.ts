import type { BlockType } from './block_type.ts';
import { BF16 } from './blocks/bf16.ts';
import { F16 } from './blocks/f16.ts';
import { F32 } from './blocks/f32.ts';
import { IQ1_M } from './blocks/iq1_m.ts';
import { IQ1_S } from './blocks/iq1_s.ts';
import { IQ2_S } from './blocks/iq2_s.ts';
import { IQ2_XS } from './blocks/iq2_xs.ts';
import { IQ2_XXS } from './blocks/iq2_xxs.ts';
import { IQ3_S } from './blocks/iq3_s.ts';
import { IQ3_XXS } from './blocks/iq3_xxs.ts';
import { IQ4_NL } from './blocks/iq4_nl.ts';
import { IQ4_XS } from './blocks/iq4_xs.ts';
import { MXFP4 } from './blocks/mxfp4.ts';
import { NVFP4 } from './blocks/nvfp4.ts';
import { Q2_K } from './blocks/q2_k.ts';
import { Q3_K } from './blocks/q3_k.ts';
import { Q4_0 } from './blocks/q4_0.ts';
import { Q4_1 } from './blocks/q4_1.ts';
import { Q4_K } from './blocks/q4_k.ts';
import { Q5_0 } from './blocks/q5_0.ts';
import { Q5_1 } from './blocks/q5_1.ts';
import { Q5_K } from './blocks/q5_k.ts';
import { Q6_K } from './blocks/q6_k.ts';
import { Q8_0 } from './blocks/q8_0.ts';
import { TQ1_0 } from './blocks/tq1_0.ts';
import { TQ2_0 } from './blocks/tq2_0.ts';

/** Every stored type, once. */
export const BLOCK_TYPES = {
  F32,
  F16,
  BF16,
  Q4_0,
  Q4_1,
  Q5_0,
  Q5_1,
  Q8_0,
  Q2_K,
  Q3_K,
  Q4_K,
  Q5_K,
  Q6_K,
  IQ1_S,
  IQ1_M,
  IQ2_XXS,
  IQ2_XS,
  IQ2_S,
  IQ3_XXS,
  IQ3_S,
  IQ4_NL,
  IQ4_XS,
  TQ1_0,
  TQ2_0,
  MXFP4,
  NVFP4,
} as const satisfies Record<string, BlockType>;

export type BlockTypeName = keyof typeof BLOCK_TYPES;

/** Types with an `encode`: what an import can make of plain floats. */
export const ENCODED_TYPES = [
  'Q8_0',
  'Q6_K',
  'Q5_K',
  'Q4_K',
  'Q5_1',
  'Q5_0',
  'Q4_1',
  'Q4_0',
] as const;

export type EncodedTypeName = (typeof ENCODED_TYPES)[number];
