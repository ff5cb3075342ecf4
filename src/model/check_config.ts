import type { ModelConfig } from './config.ts';
import { UnsupportedDimensionError } from './errors.ts';

export const MOST_LAYERS = 10_000;
/** The product of two dimensions is still a safe integer. */
export const LARGEST_DIMENSION = 2 ** 26;
export const LONGEST_CONTEXT = 2 ** 31;
const MOST_EXPERTS = 1024;

/**
 * What the headers of the .wgsl files demand.
 * @throws UnsupportedDimensionError
 */
export function checkKernelLimits(source: string, config: ModelConfig): void {
  const check = (dimension: string, value: number, fits: boolean, allowed: string): void => {
    if (!fits) throw new UnsupportedDimensionError({ source, dimension, value, allowed });
  };
  const { head_dim, experts } = config;
  check(
    'the size of a head',
    head_dim,
    Number.isInteger(head_dim) && head_dim <= 256,
    'whole numbers up to 256',
  );
  for (const { dim } of config.ropes) {
    const fits = dim > 0 && dim % 2 === 0 && dim <= head_dim;
    check('the part of a head that RoPE turns', dim, fits, 'even sizes up to that of a head');
  }
  const count = experts?.count ?? 0;
  check('the number of experts', count, count <= MOST_EXPERTS, `up to ${MOST_EXPERTS}`);
}
