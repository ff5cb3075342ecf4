/** Headers take less, but for those of vocabularies beyond any known. */
const MOST_BYTES = 16 * 2 ** 20;

/**
 * The first bytes of a source. A header is read in pieces that go beyond its end: what came with it is not fetched
 * again with the weights, which would be a good part of a small model.
 */
export class Head {
  private bytes = new Uint8Array(0);

  /** Fills `into` from `offset` of the source, as far as is known. @returns bytes */
  read(offset: number, into: Uint8Array): number {
    const known = this.bytes.subarray(offset, offset + into.length);
    into.set(known);
    return known.length;
  }

  /** Bytes that were fetched; only those that follow what is known are kept. */
  add(offset: number, bytes: Uint8Array): void {
    const { length } = this.bytes;
    if (offset !== length || length + bytes.length > MOST_BYTES) return;
    const longer = new Uint8Array(length + bytes.length);
    longer.set(this.bytes);
    longer.set(bytes, length);
    this.bytes = longer;
  }
}
