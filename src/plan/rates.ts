/** A staging ring: how many pieces, and bytes of each, a multiple of 256. */
export interface RingSize {
  readonly pieces: number;
  readonly piece_bytes: number;
}
