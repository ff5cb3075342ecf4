// How a rotary embedding is stretched over more positions than it was trained with: by what each pair's frequency is
// divided.
import type { RopeConfig } from './config.ts';

export interface Llama3Scaling {
  readonly factor: number;
  readonly low_freq_factor: number;
  readonly high_freq_factor: number;
  readonly original_length: number;
}

export interface YarnScaling {
  readonly factor: number;
  readonly original_length: number;
  readonly beta_fast: number;
  readonly beta_slow: number;
  /** The band between fast and slow begins and ends at whole dimensions. */
  readonly truncate: boolean;
}

type Turning = Pick<RopeConfig, 'dim' | 'theta'>;

/** One factor for all pairs (Chen et al. 2023). */
export function linearFactors({ dim }: Turning, factor: number): number[] {
  return Array<number>(dim / 2).fill(factor);
}

/** Llama 3.1: fast pairs stay, slow ones turn `factor` times slower, those between are blended. */
export function llama3Factors({ dim, theta }: Turning, scaling: Llama3Scaling): number[] {
  const { factor, low_freq_factor, high_freq_factor, original_length } = scaling;
  return Array.from({ length: dim / 2 }, (_, pair) => {
    const wavelength = (2 * Math.PI) / theta ** ((-2 * pair) / dim);
    if (wavelength < original_length / high_freq_factor) return 1;
    if (wavelength > original_length / low_freq_factor) return factor;
    const turns = original_length / wavelength;
    const kept = (turns - low_freq_factor) / (high_freq_factor - low_freq_factor);
    return 1 / ((1 - kept) / factor + kept);
  });
}

/** YaRN (Peng et al. 2023): the same idea, with a ramp over the dimensions. */
export function yarnFactors({ dim, theta }: Turning, scaling: YarnScaling): number[] {
  const { factor, original_length, beta_fast, beta_slow, truncate } = scaling;
  // The dimension that makes so many turns over the original length.
  const dimensionOf = (turns: number): number =>
    (dim * Math.log(original_length / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  let low = dimensionOf(beta_fast);
  let high = dimensionOf(beta_slow);
  if (truncate) [low, high] = [Math.floor(low), Math.ceil(high)];
  low = Math.max(low, 0);
  high = Math.min(high, dim - 1);
  if (low === high) high += 0.001;
  return Array.from({ length: dim / 2 }, (_, pair) => {
    const slowed = Math.min(1, Math.max(0, (pair - low) / (high - low)));
    return 1 / (slowed / factor + 1 - slowed);
  });
}

/** What YaRN multiplies cosines and sines with, unless the checkpoint says so itself. */
export const yarnAttention = (factor: number, scale = 1): number =>
  factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;

/** The same for Phi-3's long contexts, where a context is `factor` times the original length. */
export const longropeAttention = (factor: number, original_length: number): number =>
  factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original_length));
