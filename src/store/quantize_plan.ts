import {
  BLOCK_TYPES,
  type BlockTypeName,
  ENCODED_TYPES,
  type EncodedTypeName,
} from '../formats/block_types.ts';
import type { PackPlan } from '../model/plan_pack.ts';
import type { PlannedTensor } from '../model/planned_tensor.ts';
import { QuantizeTypeError } from './errors.ts';

/** What is quantized; what has been already stays as it is, since it would only lose more. */
const PLAIN_TYPES: readonly BlockTypeName[] = ['F32', 'F16', 'BF16'];
/** For rows that are not whole blocks of 256: blocks of 32, with about as much loss. */
const FALLBACKS: Partial<Record<EncodedTypeName, EncodedTypeName>> = {
  Q6_K: 'Q8_0',
  Q5_K: 'Q5_1',
  Q4_K: 'Q5_0',
};
/** Small matrices that decide much: which experts a token goes to, and where it stands. */
const KEPT = /\.ffn_gate_inp\.weight$|^position_embd\.weight$/;

/**
 * The same pack with its matrices of plain floats in another type; norms and biases stay.
 * @throws QuantizeTypeError
 */
export function quantizePlan(plan: PackPlan, wanted: EncodedTypeName): PackPlan {
  if (!ENCODED_TYPES.includes(wanted)) {
    throw new QuantizeTypeError({ wanted, allowed: ENCODED_TYPES });
  }
  const quantize = (tensors: readonly PlannedTensor[]): PlannedTensor[] =>
    tensors.map((tensor) => ({ ...tensor, type: typeFor(tensor, wanted) }));
  return {
    ...plan,
    embedding: quantize(plan.embedding),
    layers: plan.layers.map(quantize),
    head: quantize(plan.head),
  };
}

function typeFor({ name, type, shape }: PlannedTensor, wanted: EncodedTypeName): BlockTypeName {
  if (shape.length === 1 || !PLAIN_TYPES.includes(type) || KEPT.test(name)) return type;
  const width = shape.at(-1)!;
  const fits = (target: EncodedTypeName) => width % BLOCK_TYPES[target].block_size === 0;
  return [wanted, FALLBACKS[wanted] ?? wanted].find(fits) ?? type;
}
