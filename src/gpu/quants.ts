import codeTableWgsl from '../../shaders/parts/code_table.wgsl?raw';
import decodedCodesWgsl from '../../shaders/parts/decoded_codes.wgsl?raw';
import gridCodesWgsl from '../../shaders/parts/grid_codes.wgsl?raw';
import halvedCodesWgsl from '../../shaders/parts/halved_codes.wgsl?raw';
import integerCodesWgsl from '../../shaders/parts/integer_codes.wgsl?raw';
import kScalesWgsl from '../../shaders/parts/k_scales.wgsl?raw';
import bf16Wgsl from '../../shaders/quants/bf16.wgsl?raw';
import f16Wgsl from '../../shaders/quants/f16.wgsl?raw';
import f32Wgsl from '../../shaders/quants/f32.wgsl?raw';
import iq1_mWgsl from '../../shaders/quants/iq1_m.wgsl?raw';
import iq1_sWgsl from '../../shaders/quants/iq1_s.wgsl?raw';
import iq2_sWgsl from '../../shaders/quants/iq2_s.wgsl?raw';
import iq2_xsWgsl from '../../shaders/quants/iq2_xs.wgsl?raw';
import iq2_xxsWgsl from '../../shaders/quants/iq2_xxs.wgsl?raw';
import iq3_sWgsl from '../../shaders/quants/iq3_s.wgsl?raw';
import iq3_xxsWgsl from '../../shaders/quants/iq3_xxs.wgsl?raw';
import iq4_nlWgsl from '../../shaders/quants/iq4_nl.wgsl?raw';
import iq4_xsWgsl from '../../shaders/quants/iq4_xs.wgsl?raw';
import mxfp4Wgsl from '../../shaders/quants/mxfp4.wgsl?raw';
import nvfp4Wgsl from '../../shaders/quants/nvfp4.wgsl?raw';
import q2_kWgsl from '../../shaders/quants/q2_k.wgsl?raw';
import q3_kWgsl from '../../shaders/quants/q3_k.wgsl?raw';
import q4_0Wgsl from '../../shaders/quants/q4_0.wgsl?raw';
import q4_1Wgsl from '../../shaders/quants/q4_1.wgsl?raw';
import q4_kWgsl from '../../shaders/quants/q4_k.wgsl?raw';
import q5_0Wgsl from '../../shaders/quants/q5_0.wgsl?raw';
import q5_1Wgsl from '../../shaders/quants/q5_1.wgsl?raw';
import q5_kWgsl from '../../shaders/quants/q5_k.wgsl?raw';
import q6_kWgsl from '../../shaders/quants/q6_k.wgsl?raw';
import q8_0Wgsl from '../../shaders/quants/q8_0.wgsl?raw';
import tq1_0Wgsl from '../../shaders/quants/tq1_0.wgsl?raw';
import tq2_0Wgsl from '../../shaders/quants/tq2_0.wgsl?raw';
import type { BlockTypeName } from '../formats/block_types.ts';
import * as grids from '../formats/blocks/grids.ts';

const joined = (...texts: readonly string[]): string => texts.join('\n');

/** A grid, two entries to a word. */
function gridArray(entries: Uint16Array<ArrayBuffer>): string {
  const words = [...new Uint32Array(entries.buffer)];
  return `const GRID = array<u32, ${words.length}>(${words.map((word) => `${word}u`).join()});`;
}

/** How a kernel decodes each stored type, over the planes in group 1; `shaders/quants/common.wgsl` says what it offers. */
export const DECODERS: Readonly<Record<BlockTypeName, string>> = {
  F32: joined(f32Wgsl, decodedCodesWgsl),
  F16: joined(f16Wgsl, decodedCodesWgsl),
  BF16: joined(bf16Wgsl, decodedCodesWgsl),
  Q4_0: q4_0Wgsl,
  Q4_1: q4_1Wgsl,
  Q5_0: joined(q5_0Wgsl, integerCodesWgsl),
  Q5_1: joined(q5_1Wgsl, integerCodesWgsl),
  Q8_0: q8_0Wgsl,
  Q2_K: joined(q2_kWgsl, decodedCodesWgsl),
  Q3_K: joined(q3_kWgsl, halvedCodesWgsl),
  Q4_K: joined(q4_kWgsl, kScalesWgsl, integerCodesWgsl),
  Q5_K: joined(q5_kWgsl, kScalesWgsl, integerCodesWgsl),
  Q6_K: joined(q6_kWgsl, halvedCodesWgsl),
  IQ1_S: joined(iq1_sWgsl, gridCodesWgsl, gridArray(grids.IQ1_GRID), integerCodesWgsl),
  IQ1_M: joined(iq1_mWgsl, gridCodesWgsl, gridArray(grids.IQ1_GRID), decodedCodesWgsl),
  IQ2_XXS: joined(iq2_xxsWgsl, gridCodesWgsl, gridArray(grids.IQ2_XXS_GRID), integerCodesWgsl),
  IQ2_XS: joined(iq2_xsWgsl, gridCodesWgsl, gridArray(grids.IQ2_XS_GRID), halvedCodesWgsl),
  IQ2_S: joined(iq2_sWgsl, gridCodesWgsl, gridArray(grids.IQ2_S_GRID), halvedCodesWgsl),
  IQ3_XXS: joined(iq3_xxsWgsl, gridCodesWgsl, gridArray(grids.IQ3_XXS_GRID), integerCodesWgsl),
  IQ3_S: joined(iq3_sWgsl, gridCodesWgsl, gridArray(grids.IQ3_S_GRID), integerCodesWgsl),
  IQ4_NL: joined(iq4_nlWgsl, codeTableWgsl, integerCodesWgsl),
  IQ4_XS: joined(iq4_xsWgsl, codeTableWgsl, integerCodesWgsl),
  TQ1_0: joined(tq1_0Wgsl, integerCodesWgsl),
  TQ2_0: joined(tq2_0Wgsl, integerCodesWgsl),
  MXFP4: joined(mxfp4Wgsl, codeTableWgsl, integerCodesWgsl),
  NVFP4: joined(nvfp4Wgsl, codeTableWgsl, halvedCodesWgsl),
};

/** Whether a type's codes are small integers: what `matvec_fixed` can multiply. */
export const hasBytes = (type: BlockTypeName): boolean => DECODERS[type].includes('fn bytes8(');
