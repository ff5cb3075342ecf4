import * as kernels from '../gpu/kernels.ts';
import { storedWidth } from '../model/tensors.ts';
import type { Ops } from './ops.ts';
import type { WeightTensor } from './slot.ts';

/** How much each expert counts for each token: `x` is what the experts will take. */
export function route(ops: Ops, x: GPUBuffer, router: WeightTensor): void {
  const { count, per_token, normalised } = ops.config.experts!;
  ops.linear(router, undefined, x, ops.state.router);
  ops.dispatcher.dispatch(
    {
      kernel: kernels.route,
      constants: { COUNT: count, PER_TOKEN: per_token, NORMALISED: normalised },
    },
    {
      pass: { buffer: ops.pass },
      logits: { buffer: ops.state.router },
      weights: { buffer: ops.state.routing },
    },
    ops.tokens,
  );
}

/** Rows of `y` times what an expert counts for their tokens. */
export function weigh(ops: Ops, y: GPUBuffer, expert: number, width: number): void {
  const constants = { WIDTH: storedWidth(width), COUNT: ops.config.experts!.count };
  ops.dispatcher.dispatch(
    { kernel: kernels.scale_rows, constants },
    {
      expert: ops.inputs.expert(expert),
      weights: { buffer: ops.state.routing },
      y: { buffer: y },
    },
    ops.tokens,
  );
}
