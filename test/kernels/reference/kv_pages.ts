/** Where the keys and values of several sequences lie in a cache of pages. */
export interface Pages {
  /** Positions in a page. */
  readonly page: number;
  /** Pages that one sequence may have. */
  readonly max_pages: number;
  /** `[sequences, max_pages]` */
  readonly table: Uint32Array;
}

/** Row of the cache that holds a position of a sequence. */
export function rowOf(pages: Pages, sequence: number, position: number): number {
  const { page, max_pages, table } = pages;
  return table[sequence * max_pages + Math.floor(position / page)]! * page + (position % page);
}

/**
 * Writes one row for every token into a cache.
 * @param cache `[pages, page, width]`, changed
 * @param rows `[tokens, width]`
 * @param tokens `[tokens, 2]` position and sequence
 */
export function kvAppend(
  cache: Float32Array,
  rows: Float32Array,
  tokens: Uint32Array,
  pages: Pages,
): void {
  const width = (2 * rows.length) / tokens.length;
  for (let token = 0; token < tokens.length / 2; token++) {
    const to = rowOf(pages, tokens[2 * token + 1]!, tokens[2 * token]!);
    cache.set(rows.subarray(token * width, (token + 1) * width), to * width);
  }
}
