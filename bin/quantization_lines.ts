import type { Quantization } from '../src/store/quantization.ts';

/** So many names are told; `--json` tells all. */
const SHOWN = 4;

/** What an import quantized, and how far it is from the checkpoint, in a few lines for people. */
export function quantizationLines(quantization: Quantization): string {
  const { type, quantized, fallback, kept, mean_error, worst } = quantization;
  const errors = worst
    ? `; relative error ${inDigits(mean_error)} on average, ${inDigits(worst.relative_error)} at worst (${worst.name})`
    : '';
  return [
    `Quantized to ${type}: ${matrices(quantized.length)}${errors}`,
    ...(fallback.length > 0
      ? [
          `  ${fallback[0]!.type} instead, for the length of their rows: ${names(fallback.map(({ name }) => name))}`,
        ]
      : []),
    ...(kept.length > 0
      ? [`  kept as they were: ${names(kept.map(({ name, type }) => `${name} (${type})`))}`]
      : []),
  ].join('\n');
}

const inDigits = (error: number): string => error.toPrecision(3);

const matrices = (count: number): string => `${count} ${count === 1 ? 'matrix' : 'matrices'}`;

function names(all: readonly string[]): string {
  const more = all.length - SHOWN;
  return [...all.slice(0, SHOWN), ...(more > 0 ? [`${more} more`] : [])].join(', ');
}
