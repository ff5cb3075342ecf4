import type { BlockType } from '../../formats/block_type.ts';
import { BLOCK_TYPES } from '../../formats/block_types.ts';
import { type RandomType, randomBlocks } from './random_blocks.ts';

/**
 * Blocks in a pattern: a prime, so that the rows of a matrix begin at as many different places in it, and a matrix
 * of up to this many rows has no two alike.
 */
export const PATTERN_BLOCKS = 262_147;

/** Random blocks, of which tensors are made by repeating them. */
export interface Pattern {
  /** As in a checkpoint. */
  readonly blocks: Uint8Array;
  /** The same as in a pack. */
  readonly planes: readonly Uint8Array[];
}

/** For the matrices of one type and one width: `in_features` values of variance 1 give one of variance 1. */
export function matrixPattern(
  type: RandomType,
  in_features: number,
  random: () => number,
): Pattern {
  return patternOf(
    BLOCK_TYPES[type],
    randomBlocks(type, PATTERN_BLOCKS, in_features ** -0.5, random),
  );
}

/** For the weights of norms: around 1. */
export function normPattern(random: () => number): Pattern {
  const values = Float32Array.from({ length: PATTERN_BLOCKS }, () => 0.75 + 0.5 * random());
  return patternOf(BLOCK_TYPES.F32, new Uint8Array(values.buffer));
}

function patternOf({ planes, split }: BlockType, blocks: Uint8Array): Pattern {
  const split_planes = planes.map(
    ({ bytes_per_block }) => new Uint8Array(PATTERN_BLOCKS * bytes_per_block),
  );
  split(blocks, PATTERN_BLOCKS, split_planes);
  return { blocks, planes: split_planes };
}

/** Fills `bytes` with a tile over and over, from byte `start` of it on. */
export function repeat(tile: Uint8Array, start: number, bytes: Uint8Array): void {
  let at = start % tile.length;
  for (let done = 0; done < bytes.length; at = 0) {
    const piece = tile.subarray(at, at + bytes.length - done);
    bytes.set(piece, done);
    done += piece.length;
  }
}
