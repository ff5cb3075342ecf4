import type { Constants } from '../gpu/kernel.ts';
import * as kernels from '../gpu/kernels.ts';
import { ACTIVATIONS } from '../model/config.ts';
import { storedWidth } from '../model/tensors.ts';
import type { NormWeights, Ops } from './ops.ts';
import type { WeightTensor } from './slot.ts';

/**
 * The middle of a feed-forward network: y = activated(gate) * up, where gate and up, one under the other, are
 * W norm(x) (+ bias); or y = activated(W norm(x) (+ bias)).
 */
export function normedMiddle(
  ops: Ops,
  x: GPUBuffer,
  norm: NormWeights | null,
  weight: WeightTensor,
  bias: WeightTensor | undefined,
  y: GPUBuffer,
): void {
  const tile = ops.fusable(weight);
  const { gated } = ops.config;
  if (tile && gated && !bias) {
    ops.fusedMatvec(x, norm, weight, tile, y, {
      Y_STRIDE: storedWidth(weight.rows / 2),
      GATED: true,
      ACCUMULATE: false,
      ...activation(ops),
    });
  } else {
    ops.normedLinear(x, norm, weight, bias, ops.state.gate_up);
    activate(ops, ops.state.gate_up, gated ? weight.rows / 2 : weight.rows, y);
  }
}

function activate(ops: Ops, x: GPUBuffer, width: number, y: GPUBuffer): void {
  const constants = {
    WIDTH: width,
    GATED: ops.config.gated,
    Y_STRIDE: storedWidth(width),
    ...activation(ops),
  };
  ops.dispatcher.dispatch(
    { kernel: kernels.activate, constants },
    { pass: ops.pass, x: { buffer: x }, y: { buffer: y } },
    ops.tokens,
  );
}

function activation({ config }: Ops): Constants {
  const number = ACTIVATIONS.indexOf(config.activation);
  return { ...(number > 0 && { ACTIVATION: number }) };
}
