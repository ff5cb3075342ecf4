import { BLOCK_TYPES, type BlockTypeName } from '../formats/block_types.ts';
import type { ModelConfig } from '../model/config.ts';
import type { PackPlan } from '../model/plan_pack.ts';
import type { PlannedTensor } from '../model/planned_tensor.ts';
import { type PackFile, type PackPlane, type PackTensor, PLANE_ALIGNMENT } from './manifest.ts';

/** A file of a pack before its content is known. */
export type FileLayout = Omit<PackFile, 'pieces' | 'errors'>;

/**
 * What a model consists of, and where each tensor lies in its file: a manifest says it, and before the import a
 * checkpoint's header.
 */
export interface ModelLayout {
  readonly config: ModelConfig;
  readonly embedding: FileLayout;
  readonly layers: readonly FileLayout[];
  readonly head: FileLayout;
}

export interface PlannedFile {
  readonly layout: FileLayout;
  /** What its tensors are made of, in the order of `layout.tensors`. */
  readonly tensors: readonly PlannedTensor[];
}

/** All files of a pack, in the order in which they are read when a model runs. */
export function planFiles(plan: PackPlan): PlannedFile[] {
  return [
    planFile('embedding.bin', plan.embedding),
    ...plan.layers.map((tensors, i) => planFile(layerFile(i), tensors)),
    planFile('head.bin', plan.head),
  ];
}

/** The layout that an import would give. */
export function planLayout(plan: PackPlan): ModelLayout {
  const [embedding, ...rest] = planFiles(plan).map(({ layout }) => layout);
  const head = rest.pop();
  return { config: plan.config, embedding: embedding!, layers: rest, head: head! };
}

export function layerFile(index: number): string {
  return `layer-${String(index).padStart(3, '0')}.bin`;
}

function planFile(name: string, tensors: readonly PlannedTensor[]): PlannedFile {
  return { layout: layoutFile(name, tensors), tensors };
}

/** One plane after another, each at the next multiple of PLANE_ALIGNMENT. */
export function layoutFile(
  name: string,
  tensors: readonly Pick<PackTensor, 'name' | 'type' | 'shape'>[],
): FileLayout {
  let end = 0;
  const placed = tensors.map(({ name, type, shape }): PackTensor => {
    const planes = planeSizes(type, shape).map((plane): PackPlane => {
      const offset = aligned(end);
      end = offset + plane.bytes;
      return { name: plane.name, offset, bytes: plane.bytes };
    });
    return { name, type, shape, planes };
  });
  return { name, bytes: aligned(end), tensors: placed };
}

/** What type and shape say about a tensor's planes, in bytes. */
export function planeSizes(
  type: BlockTypeName,
  shape: readonly number[],
): Pick<PackPlane, 'name' | 'bytes'>[] {
  const { block_size, planes } = BLOCK_TYPES[type];
  const blocks = shape.reduce((product, length) => product * length, 1) / block_size;
  return planes.map(({ name, bytes_per_block }) => ({ name, bytes: blocks * bytes_per_block }));
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / PLANE_ALIGNMENT) * PLANE_ALIGNMENT;
}
