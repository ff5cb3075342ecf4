import { expect, test } from 'vitest';
import type { ByteSource } from '../../../src/formats/source.ts';
import { type ByteRange, readAhead } from '../../../src/store/read_ahead.ts';
import { TestSource } from './test_source.ts';
import { pattern } from './weight_store_suite.ts';

const BYTES = pattern(1000);
const RANGES = Array.from({ length: 10 }, (_, i) => ({ offset: 970 - 100 * i, length: 20 + i }));

/** The ranges in a source. */
function within(source: ByteSource, ranges: readonly Omit<ByteRange, 'source'>[]): ByteRange[] {
  return ranges.map((range) => ({ source, ...range }));
}

test('ranges come in their order, whichever is there first', async () => {
  const source = new TestSource(BYTES);
  source.beforeRead = (offset) => new Promise((resolve) => setTimeout(resolve, offset / 50));
  const seen: Uint8Array[] = [];
  for await (const bytes of readAhead(within(source, RANGES))) seen.push(bytes.slice());
  expect(seen).toEqual(RANGES.map(({ offset, length }) => BYTES.slice(offset, offset + length)));
});

test('while one range is worked on, the next one is on its way and no more', async () => {
  const source = new TestSource(BYTES);
  const reads = readAhead(within(source, RANGES));
  expect(source.reads.length).toBe(0);
  for (let taken = 1; taken <= RANGES.length; taken++) {
    await reads.next();
    await new Promise((resolve) => setTimeout(resolve));
    expect(source.reads.length).toBe(Math.min(taken + 1, RANGES.length));
  }
  expect((await reads.next()).done).toBe(true);
});

test('memory is used again also for longer ranges, and holds what was asked for until the next range is taken', async () => {
  const memories = new Set<ArrayBuffer>();
  const source: ByteSource = {
    name: 'a.gguf',
    size: BYTES.length,
    version: '1',
    async read(offset, length, _, into) {
      await new Promise((resolve) => setTimeout(resolve));
      into!.set(BYTES.subarray(offset, offset + length));
      return into!.subarray(0, length);
    },
  };
  let at = 0;
  for await (const bytes of readAhead(within(source, RANGES))) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    const { offset, length } = RANGES[at++]!;
    expect(bytes).toEqual(BYTES.slice(offset, offset + length));
    memories.add(bytes.buffer);
  }
  expect(at).toBe(RANGES.length);
  expect(memories.size).toBe(2);
});

test('a failure is told when it is that range’s turn', async () => {
  const cause = new Error('the network is gone');
  const source = new TestSource(BYTES);
  source.beforeRead = (offset) => {
    if (offset === RANGES[2]!.offset) throw cause;
  };
  const reads = readAhead(within(source, RANGES));
  expect((await reads.next()).done).toBe(false);
  // Time for an unhandled rejection to be seen.
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect((await reads.next()).done).toBe(false);
  await expect(reads.next()).rejects.toBe(cause);
  expect((await reads.next()).done).toBe(true);
});

test('what is on its way is stopped when nobody wants it any more', async () => {
  const signals: AbortSignal[] = [];
  const source: ByteSource = {
    name: 'slow.gguf',
    size: 1000,
    version: '1',
    async read(_, length, signal) {
      signals.push(signal!);
      if (signals.length === 1) return new Uint8Array(length);
      return new Promise((_, reject) => {
        signal!.addEventListener('abort', () => reject(signal!.reason));
      });
    },
  };
  const reads = readAhead(within(source, RANGES));
  await reads.next();
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
  await reads.return();
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
});

test('an abort ends it with the signal’s reason', async () => {
  const cancel = new AbortController();
  const reads = readAhead(within(new TestSource(BYTES), RANGES), cancel.signal);
  await reads.next();
  const reason = new Error('not now');
  cancel.abort(reason);
  await expect(
    (async () => {
      for await (const _ of reads);
    })(),
  ).rejects.toBe(reason);
});
