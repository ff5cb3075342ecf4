import inputNormedWgsl from '../../shaders/parts/input_normed.wgsl?raw';
import inputPlainWgsl from '../../shaders/parts/input_plain.wgsl?raw';
import matvecRowsWgsl from '../../shaders/parts/matvec_rows.wgsl?raw';
import sumSubgroupsWgsl from '../../shaders/parts/sum_subgroups.wgsl?raw';
import sumWorkgroupWgsl from '../../shaders/parts/sum_workgroup.wgsl?raw';
import commonWgsl from '../../shaders/quants/common.wgsl?raw';
import type { Kernel, Part, Specialization } from './kernel.ts';
import { KERNELS } from './kernels.ts';
import { DECODERS } from './quants.ts';

const PARTS: Readonly<Record<Part, string>> = {
  matvec_rows: matvecRowsWgsl,
  sum_subgroups: sumSubgroupsWgsl,
  sum_workgroup: sumWorkgroupWgsl,
  input_plain: inputPlainWgsl,
  input_normed: inputNormedWgsl,
};

/** What tells a kernel's module from all others. */
export function moduleLabel({ kernel, type }: Specialization): string {
  return [kernel.label, ...partsOf(kernel), type].filter(Boolean).join(' ');
}

/** A kernel's whole text: the decoder of the stored type, the parts, the kernel. WGSL wants `enable` lines first. */
export function moduleText({ kernel, type }: Specialization): string {
  const decoder = type ? [commonWgsl, DECODERS[type]] : [];
  const texts = [...decoder, ...partsOf(kernel).map((part) => PARTS[part]), kernel.wgsl];
  const enables = new Set(texts.flatMap((text) => text.match(/^enable .*;$/gm) ?? []));
  return [...enables, ...texts.map((text) => text.replace(/^enable .*;$/gm, ''))].join('\n');
}

/** Every text that a module may be made of. */
export const ALL_TEXTS: readonly string[] = [
  commonWgsl,
  ...Object.values(DECODERS),
  ...Object.values(PARTS),
  ...KERNELS.map(({ wgsl }) => wgsl),
];

function partsOf(kernel: Kernel): readonly Part[] {
  return kernel.parts ?? [];
}
