import { expect } from 'vitest';
import { LaminaError } from '../../../src/errors.ts';
import type { TensorInfo } from '../../../src/formats/checkpoint.ts';
import type { ByteSource } from '../../../src/formats/source.ts';
import { TestSource } from '../store/test_source.ts';

/** Values that break length checks which overflow, are signed, or are off by one. */
export const NASTY = [
  0n,
  1n,
  0xffn,
  0x7fffffffn,
  0xffffffffn,
  1n << 32n,
  1n << 53n,
  1n << 63n,
  -1n,
];

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A header with one to four changes. */
export function mutate(header: Uint8Array, seed: number): Uint8Array<ArrayBuffer> {
  const random = randomOf(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  let bytes = new Uint8Array(header);
  for (let changes = 1 + below(4); changes > 0; changes--) {
    const at = below(bytes.length - 8);
    const view = new DataView(bytes.buffer);
    switch (below(7)) {
      case 0:
        bytes[at]! ^= 1 << below(8);
        break;
      case 1:
        bytes[at] = below(256);
        break;
      case 2:
        view.setBigUint64(at, NASTY[below(NASTY.length)]!, true);
        break;
      case 3:
        view.setUint32(at, Number(NASTY[below(NASTY.length)]! & 0xffffffffn), true);
        break;
      case 4:
        // A little more or less than what is there.
        view.setUint32(at, view.getUint32(at, true) + below(5) - 2, true);
        break;
      case 5: {
        const from = below(bytes.length - 8);
        bytes.copyWithin(at, from, from + 1 + below(64));
        break;
      }
      default: {
        const removed = new Uint8Array(bytes.length - 1 - below(8));
        removed.set(bytes.subarray(0, at));
        removed.set(bytes.subarray(at + bytes.length - removed.length), at);
        bytes = removed;
      }
    }
  }
  return seed % 16 === 0 ? bytes.slice(0, below(bytes.length)) : bytes;
}

/**
 * Reads a changed file: it must soon be read with every tensor inside of it, or be refused with a reason.
 * @returns The error's name, or `read`.
 */
export async function outcomeOf(
  source: ByteSource,
  read: (
    source: ByteSource,
  ) => Promise<{ readonly tensors: ReadonlyMap<string, Pick<TensorInfo, 'offset' | 'bytes'>> }>,
  label: string,
): Promise<string> {
  const start = performance.now();
  const outcome = await read(source).catch((error) => error);
  expect(performance.now() - start, label).toBeLessThan(1000);
  if (outcome instanceof Error) {
    expect(outcome, label).toBeInstanceOf(LaminaError);
    expect(outcome.message.length, label).toBeLessThan(1000);
    return outcome.name;
  }
  const ends = [...outcome.tensors.values()].map(({ offset, bytes }) => offset + bytes);
  expect(Math.max(0, ...ends), label).toBeLessThanOrEqual(source.size);
  return 'read';
}

/** A changed header before the data of the file that it was taken from. */
export class SplicedSource extends TestSource {
  override readonly size: number;
  private readonly data: Uint8Array;

  constructor(header: Uint8Array<ArrayBuffer>, data: Uint8Array) {
    super(header);
    this.data = data;
    this.size = header.length + data.length;
  }

  override async read(offset: number, length: number) {
    const bytes = new Uint8Array(length);
    const header = await super.read(offset, length);
    bytes.set(header);
    const from = offset + header.length - (this.size - this.data.length);
    if (from >= 0)
      bytes.set(this.data.subarray(from, from + length - header.length), header.length);
    return bytes;
  }
}
