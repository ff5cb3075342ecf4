import { ENCODED_TYPES, type EncodedTypeName } from '../formats/block_types.ts';
import type { Checkpoint } from '../formats/checkpoint.ts';
import { type PackPlan, planPack } from '../model/plan_pack.ts';
import { packId } from './pack_id.ts';
import { planFiles } from './pack_layout.ts';
import { quantizePlan } from './quantize_plan.ts';
import { isQuantized } from './quantize_tensor.ts';

/** A way in which a checkpoint can be imported. */
export interface ImportChoice {
  /** What its matrices of plain floats become; null: each tensor keeps its type. */
  readonly quantize: EncodedTypeName | null;
  /** The pack that comes of it. */
  readonly pack: string;
  /** Bytes of that pack's weights. */
  readonly bytes: number;
}

/**
 * The ways in which a checkpoint can be imported: as it is, and each type that a matrix of plain floats would get.
 * Alone, where everything is quantized already.
 * @throws The errors of `planPack`.
 */
export async function importChoices(checkpoint: Checkpoint): Promise<ImportChoice[]> {
  const asItIs = planPack(checkpoint);
  const choice = async (plan: PackPlan, quantize: EncodedTypeName | null) => ({
    quantize,
    pack: await packId(checkpoint.source, quantize ?? undefined),
    bytes: planFiles(plan).reduce((sum, { layout }) => sum + layout.bytes, 0),
  });
  const choices = [await choice(asItIs, null)];
  for (const type of ENCODED_TYPES) {
    const plan = quantizePlan(asItIs, type);
    // Where no row is whole blocks of a type, all would become what another choice says.
    if (gives(plan, type)) choices.push(await choice(plan, type));
  }
  return choices;
}

function gives({ embedding, layers, head }: PackPlan, wanted: EncodedTypeName): boolean {
  const tensors = [...embedding, ...layers.flat(), ...head];
  return tensors.some((tensor) => isQuantized(tensor) && tensor.type === wanted);
}
