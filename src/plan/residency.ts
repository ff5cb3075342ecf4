/** What of a model is on the GPU: one layer at a time, as much as the budget holds, or all of it. */
export type Residency = 'strict' | 'streaming' | 'resident';

export const RESIDENCIES: readonly Residency[] = ['strict', 'streaming', 'resident'];

/** A part of a model and what it takes. */
export interface PartBytes<Part> {
  readonly part: Part;
  /** Bytes on the GPU. */
  readonly bytes: number;
  /** Bytes that a token needs of it. */
  readonly bytes_per_token: number;
}

/**
 * The parts that stay on the GPU. A token needs every layer once, in the same order: keeping the last ones used
 * would help no token, so a fixed choice stays. All bytes of a layer are needed equally often, but parts that stay are
 * spread among those that pass: while one is computed, the next ones are read, and the staging ring holds only a few.
 * An embedding of which a token needs one row comes last.
 * @param parts in the order in which a token needs them
 * @param budget bytes for the weights that stay
 */
export function partsToPin<Part>(
  parts: readonly PartBytes<Part>[],
  residency: Residency,
  budget: number,
): Set<Part> {
  const pinned = new Set<Part>();
  if (residency === 'strict') return pinned;
  if (residency === 'resident') return new Set(parts.map(({ part }) => part));
  let left = budget;
  const worth = ({ bytes, bytes_per_token }: PartBytes<Part>) => bytes_per_token / bytes;
  const order = spread(parts.length);
  const ranked = parts.map((part, i) => ({ ...part, rank: order[i]!, worth: worth(part) }));
  for (const { part, bytes } of ranked.sort((a, b) => b.worth - a.worth || a.rank - b.rank)) {
    if (bytes > left) continue;
    left -= bytes;
    pinned.add(part);
  }
  return pinned;
}

/** Ranks such that those below any number lie evenly among all: multiples of the golden ratio, without their wholes. */
function spread(count: number): number[] {
  const golden = (Math.sqrt(5) - 1) / 2;
  return Array.from({ length: count }, (_, i) => (i * golden) % 1);
}
