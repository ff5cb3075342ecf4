import activationWgsl from '../../shaders/parts/activation.wgsl?raw';
import attentionScoresWgsl from '../../shaders/parts/attention_scores.wgsl?raw';
import inputNormedWgsl from '../../shaders/parts/input_normed.wgsl?raw';
import inputPlainWgsl from '../../shaders/parts/input_plain.wgsl?raw';
import matvecRowsWgsl from '../../shaders/parts/matvec_rows.wgsl?raw';
import noSinksWgsl from '../../shaders/parts/no_sinks.wgsl?raw';
import sinksWgsl from '../../shaders/parts/sinks.wgsl?raw';
import sumSubgroupsWgsl from '../../shaders/parts/sum_subgroups.wgsl?raw';
import sumWorkgroupWgsl from '../../shaders/parts/sum_workgroup.wgsl?raw';
import commonWgsl from '../../shaders/quants/common.wgsl?raw';
import { BLOCK_TYPES, type BlockTypeName } from '../formats/block_types.ts';
import type { Constants, Kernel, Part, Specialization } from './kernel.ts';
import { KERNELS } from './kernels.ts';
import { DECODERS } from './quants.ts';

const PARTS: Readonly<Record<Part, string>> = {
  activation: activationWgsl,
  attention_scores: attentionScoresWgsl,
  no_sinks: noSinksWgsl,
  sinks: sinksWgsl,
  matvec_rows: matvecRowsWgsl,
  sum_subgroups: sumSubgroupsWgsl,
  sum_workgroup: sumWorkgroupWgsl,
  input_plain: inputPlainWgsl,
  input_normed: inputNormedWgsl,
};

/** Bytes of what the planes are arrays of. */
const ELEMENT_BYTES: Readonly<Record<string, number>> = { u32: 4, vec2u: 8, vec4u: 16, vec4f: 16 };

/** What tells a kernel's module from all others. */
export function moduleLabel({ kernel, constants, type }: Specialization): string {
  const size = kernel.sized && `${constants.ROWS}×${constants.COLS}`;
  return [kernel.label, ...partsOf(kernel), type, size].filter(Boolean).join(' ');
}

/** A kernel's whole text: the decoder of the stored type, the parts, the kernel. WGSL wants `enable` lines first. */
export function moduleText({ kernel, constants, type }: Specialization): string {
  const decoder = type
    ? [commonWgsl, kernel.sized ? sizedDecoder(type, constants) : DECODERS[type]]
    : [];
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

/**
 * A decoder whose planes are arrays of fixed length. Every access is kept in bounds, and where the length is only
 * known from the binding a software adapter works it out anew each time: up to a fifth of a matrix-vector product.
 */
function sizedDecoder(type: BlockTypeName, { ROWS, COLS }: Constants): string {
  const { planes, block_size } = BLOCK_TYPES[type];
  const blocks = (Number(ROWS) * Number(COLS)) / block_size;
  const plane = /(@binding\((\d)\) var<storage, read> \w+: array<)(\w+)>/g;
  return DECODERS[type].replace(plane, (_, start, binding, element) => {
    const bytes = blocks * planes[binding]!.bytes_per_block;
    return `${start}${element}, ${Math.ceil(bytes / ELEMENT_BYTES[element]!)}>`;
  });
}

function partsOf(kernel: Kernel): readonly Part[] {
  return kernel.parts ?? [];
}
