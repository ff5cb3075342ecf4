/** A staging ring: how many pieces, and bytes of each, a multiple of 256. */
export interface RingSize {
  readonly pieces: number;
  readonly piece_bytes: number;
}

/**
 * The time of a chunk of a prompt with nothing before it. It passes alone: while its kernels are recorded no other one
 * keeps the GPU busy, so that recording counts too.
 */
export interface ChunkRate {
  readonly tokens: number;
  /** In one layer. */
  readonly layer_seconds: number;
  /** Besides the layers and the head: inputs, RoPE's tables, the embedding. */
  readonly pass_seconds: number;
}

/** What a model's shape costs on one device and one store, measured there. A layer is an average one. */
export interface ModelRates {
  /** Reading through the staging ring and copying into the slot: for each piece, and for its bytes. */
  readonly piece_seconds: number;
  readonly bytes_per_second: number;
  /** Reading one row of the embedding. */
  readonly row_seconds: number;
  /** What a pass of one token takes besides its layers and its head: its inputs, the embedding, a submission. */
  readonly pass_seconds: number;
  /** One token through one layer at position 0, and what each position before it adds. */
  readonly layer_seconds: number;
  readonly position_seconds: number;
  /** One token through the final norm and the whole output matrix. */
  readonly head_seconds: number;
  /** By rising number of tokens; the first is one token. */
  readonly chunks: readonly ChunkRate[];
  /** What one token of a chunk takes in one layer for each position before the chunk. */
  readonly chunk_position_seconds: number;
  /** Finding the likeliest token. */
  readonly choose_seconds: number;
  /** From the end of the GPU's work to the token's arrival. */
  readonly latency_seconds: number;
  /**
   * How much longer reading and computing take while both go on: 0 when neither hinders the other, 1 twice as
   * long.
   */
  readonly slowdown: number;
}
