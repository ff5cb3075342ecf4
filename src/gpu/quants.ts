import f16Wgsl from '../../shaders/quants/f16.wgsl?raw';
import f32Wgsl from '../../shaders/quants/f32.wgsl?raw';
import q4_0Wgsl from '../../shaders/quants/q4_0.wgsl?raw';
import q4_1Wgsl from '../../shaders/quants/q4_1.wgsl?raw';
import q8_0Wgsl from '../../shaders/quants/q8_0.wgsl?raw';
import type { BlockTypeName } from '../formats/block_types.ts';

/** How a kernel decodes each stored type, over the planes in group 1; `shaders/quants/common.wgsl` says what it offers. */
export const DECODERS: Readonly<Record<BlockTypeName, string>> = {
  F32: f32Wgsl,
  F16: f16Wgsl,
  Q4_0: q4_0Wgsl,
  Q4_1: q4_1Wgsl,
  Q8_0: q8_0Wgsl,
};

/** Whether a type's codes are small integers: what `matvec_fixed` can multiply. */
export const hasBytes = (type: BlockTypeName): boolean => DECODERS[type].includes('fn bytes8(');
