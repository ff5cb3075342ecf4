import type { Specialization } from '../gpu/kernel.ts';
import * as kernels from '../gpu/kernels.ts';
import { Ops } from './ops.ts';
import type { WeightTensor } from './slot.ts';
import { EXPERT_PASS_BYTES } from './state.ts';

/** How much each expert counts for each token, and which tokens each takes: `x` is what the experts will take. */
export function route(ops: Ops, x: GPUBuffer, router: WeightTensor, bias?: WeightTensor): void {
  const { count, per_token, normalised } = ops.config.experts!;
  const { state } = ops;
  ops.linear(router, bias, x, state.router);
  ops.dispatcher.dispatch(
    {
      kernel: kernels.route,
      constants: { COUNT: count, PER_TOKEN: per_token, NORMALISED: normalised },
    },
    { pass: ops.pass, logits: { buffer: state.router }, weights: { buffer: state.routing } },
    ops.tokens,
  );
  ops.dispatcher.dispatch(
    { kernel: kernels.list_tokens, constants: { COUNT: count } },
    {
      pass: ops.pass,
      weights: { buffer: state.routing },
      listed: { buffer: state.expert_tokens },
      passes: { buffer: state.expert_passes },
    },
    ops.tokens,
  );
}

/**
 * The same steps over the tokens that an expert takes. Only the GPU knows how many these are: the dispatches are made
 * for all tokens, and workgroups beyond the expert's leave at once.
 */
export function overTokensOf(expert: number, ops: Ops): Ops {
  const pass = { buffer: ops.state.expert_passes, offset: expert * EXPERT_PASS_BYTES, size: 16 };
  return new Ops(ops.dispatcher, ops, ops.tokens, pass);
}

/** Rows of x of the expert's tokens, one behind the other; a single token's row is that already. */
export function gatherTokens(expert: Ops, x: GPUBuffer, y: GPUBuffer): GPUBuffer {
  if (expert.tokens === 1) return x;
  expert.dispatcher.dispatch(
    { kernel: kernels.gather_tokens, constants: { WIDTH: expert.hidden_width } },
    { pass: expert.pass, listed: listed(expert), x: { buffer: x }, y: { buffer: y } },
    expert.tokens,
  );
  return y;
}

/** Adds what the expert made of its tokens to their rows of x, as much as it counts for each. */
export function scatterTokens(expert: Ops, y: GPUBuffer, x: GPUBuffer): void {
  const specialization: Specialization = {
    kernel: kernels.scatter_tokens,
    constants: { WIDTH: expert.hidden_width, COUNT: expert.config.experts!.count },
  };
  expert.dispatcher.dispatch(
    specialization,
    {
      pass: expert.pass,
      listed: listed(expert),
      weights: { buffer: expert.state.routing },
      y: { buffer: y },
      x: { buffer: x },
    },
    expert.tokens,
  );
}

const listed = ({ state }: Ops) => ({ buffer: state.expert_tokens });
