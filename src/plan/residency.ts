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
 * would help no token, so a fixed choice stays, and as all bytes of a layer are needed equally often, the first ones
 * that fit are as good as any. An embedding of which a token needs one row comes last.
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
  for (const each of [...parts].sort((a, b) => worth(b) - worth(a))) {
    if (each.bytes > left) continue;
    left -= each.bytes;
    pinned.add(each.part);
  }
  return pinned;
}
