import type { Purpose } from '../gpu/ledger.ts';
import type { ModelConfig } from '../model/config.ts';
import type { RingSize } from '../plan/rates.ts';
import { partsToPin, type Residency } from '../plan/residency.ts';
import type { ModelLayout } from '../store/pack_layout.ts';
import { inputBytes } from './batch.ts';
import { kvBytes, PAGE, positionBytes } from './kv_cache.ts';
import type { PlacementLimits } from './placement.ts';
import { READBACK_BYTES, samplerBytes } from './sampler.ts';
import { stateBytes } from './state.ts';
import { partBytes, WeightsLayout } from './weights_layout.ts';

/** What decides how much memory an engine takes, and how fast it is. */
export interface SizeOptions {
  /** Positions that a sequence may have; the model's own limit unless given. */
  readonly context_length?: number | undefined;
  /** Tokens of a prompt that go through the model together. */
  readonly prefill_tokens?: number | undefined;
  /** Sequences that the KV cache keeps apart. */
  readonly sequences?: number | undefined;
  /** How much of the weights stays on the GPU; strict unless given. */
  readonly residency?: Residency | undefined;
  /** When streaming: bytes of weights that may stay on the GPU beside the slot. */
  readonly budget_weights?: number | undefined;
  /** The staging ring, as a calibration found it best. */
  readonly ring?: RingSize | undefined;
}

export interface Sizes {
  readonly residency: Residency;
  readonly layout: WeightsLayout;
  readonly context_length: number;
  readonly prefill_tokens: number;
  readonly sequences: number;
  readonly ring: RingSize;
}

export const PREFILL_TOKENS = 512;
/**
 * Pieces that are read, copied or mapped again at the same time: mapping takes a millisecond or two. A layer is one
 * piece where it is small; beyond 16 MiB, larger pieces are no faster.
 */
export const RING: RingSize = { pieces: 6, piece_bytes: 16 * 2 ** 20 };

/** What the options come to for a model on a device. */
export function sizesOf(
  model: ModelLayout,
  limits: PlacementLimits,
  options: SizeOptions = {},
): Sizes {
  const context_length = contextOf(model.config, options.context_length);
  const residency = options.residency ?? 'strict';
  const pinned = partsToPin(partBytes(model, limits), residency, options.budget_weights ?? 0);
  const { pieces, piece_bytes } = options.ring ?? RING;
  return {
    residency,
    layout: new WeightsLayout(model, limits, pinned),
    context_length,
    prefill_tokens: Math.min(options.prefill_tokens ?? PREFILL_TOKENS, context_length),
    sequences: options.sequences ?? 1,
    // A file of a pack is a multiple of 256 bytes, and so is a piece.
    ring: { pieces, piece_bytes: Math.min(piece_bytes, ...largest(model)) },
  };
}

/** Positions that a sequence may have, where so many are wanted: a table of positions has no rows beyond its end. */
export function contextOf(
  { learned_positions, max_position_embeddings }: ModelConfig,
  wanted = max_position_embeddings,
): number {
  return learned_positions ? Math.min(wanted, max_position_embeddings) : wanted;
}

/**
 * Bytes on the GPU by purpose, as the ledger counts them.
 * @param positions how many positions of each sequence the KV cache has room for
 */
export function gpuBytes(
  { layout, context_length, prefill_tokens, sequences, ring }: Sizes,
  positions: number,
): Record<Purpose, number> {
  const { config } = layout.model;
  const pages = Math.max(1, Math.ceil(positions / PAGE) * sequences);
  return {
    weights: layout.bytes,
    kv: kvBytes(config, sequences, context_length, pages),
    activations: sum([
      ...Object.values(stateBytes(config, prefill_tokens, sequences)),
      ...Object.values(inputBytes(config, prefill_tokens)),
      ...Object.values(samplerBytes(config.vocab_size)),
    ]),
    staging: ring.pieces * ring.piece_bytes + READBACK_BYTES,
  };
}

/**
 * The most bytes that there are at once while the context fills up: one layer's keys are there twice when they move,
 * and a row of logits when all of it is read back.
 */
export function mostBytes(sizes: Sizes): number {
  const { layout, context_length, sequences } = sizes;
  const { config } = layout.model;
  const pages = Math.ceil(context_length / PAGE) * sequences;
  const moved = (pages - 1) * PAGE * positionBytes(config);
  const whole_row = config.vocab_size * 4;
  return sum(Object.values(gpuBytes(sizes, context_length))) + Math.max(moved, whole_row);
}

const largest = ({ layers }: ModelLayout): number[] => [
  Math.max(...layers.map(({ bytes }) => bytes)),
];

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
