import { describe, expect, test } from 'vitest';
import type { MetadataValue } from '../../../src/formats/checkpoint.ts';
import { readGguf } from '../../../src/formats/gguf/read_gguf.ts';
import { golden } from '../store/golden.ts';
import { TestSource } from '../store/test_source.ts';
import { entry, gguf, str, TYPE, tensor, u32, u64 } from './gguf_bytes.ts';
import { placed } from './placed.ts';

/** As `gguf`'s own reader finds them. */
const CONTENTS = JSON.parse(
  new TextDecoder().decode(await golden('gguf/contents.json')),
  (_, value) => (/^-?\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value),
);

describe.each(Object.keys(CONTENTS))('%s', (file) => {
  test('has the metadata that the gguf package finds', async () => {
    const { metadata } = await readGguf(new TestSource(await golden(`gguf/${file}`)));
    expect([...metadata]).toEqual(Object.entries(CONTENTS[file].metadata));
  });

  test('has the tensor table that the gguf package finds', async () => {
    const { tensors } = await readGguf(new TestSource(await golden(`gguf/${file}`)));
    expect(placed(tensors)).toEqual(CONTENTS[file].tensors);
    expect([...tensors.keys()]).toEqual([...tensors.values()].map(({ name }) => name));
  });

  test('is read no further than the first 64 KiB, where its header ends there', async () => {
    const bytes = await golden(`gguf/${file}`);
    const source = new TestSource(bytes);
    await readGguf(source);
    const [first, ...more] = source.reads;
    expect(first).toEqual([0, Math.min(bytes.length, 65536)]);
    const longer = file === 'llama3-ropefreqs-f16.gguf';
    expect(more).toHaveLength(longer ? 1 : 0);
  });

  test('reads the same as version 2', async () => {
    const bytes = await golden(`gguf/${file}`);
    const three = await readGguf(new TestSource(bytes.slice()));
    bytes[4] = 2;
    const two = await readGguf(new TestSource(bytes));
    expect(two.metadata).toEqual(three.metadata);
    expect(placed(two.tensors)).toEqual(placed(three.tensors));
  });
});

test('a checkpoint keeps its source', async () => {
  const source = new TestSource(gguf({}));
  const { source: kept, metadata, tensors } = await readGguf(source);
  expect(kept).toBe(source);
  expect([metadata.size, tensors.size]).toEqual([0, 0]);
});

test('tensors may lie in another order than their infos, with gaps between them', async () => {
  const bytes = gguf({
    tensors: [tensor('second', [4, 2], 0, 96), tensor('first', [3], 0, 0)],
    data: 128,
  });
  const { tensors } = await readGguf(new TestSource(bytes));
  const start = bytes.length - 128;
  expect(placed(tensors)).toEqual([
    { name: 'second', type: 'F32', shape: [2, 4], offset: start + 96, bytes: 32 },
    { name: 'first', type: 'F32', shape: [3], offset: start, bytes: 12 },
  ]);
});

test('arrays nest eight levels deep', async () => {
  const levels = Array.from({ length: 7 }, () => [...u32(TYPE.array), ...u64(1)]).flat();
  const value = [...levels, ...u32(TYPE.uint8), ...u64(2), 5, 6];
  const bytes = gguf({ entries: [entry('deep', TYPE.array, value)] });
  const { metadata } = await readGguf(new TestSource(bytes));
  expect(metadata.get('deep')).toEqual([[[[[[[[5, 6]]]]]]]]);
});

describe('a header longer than a read', () => {
  const TOKENS = 1_000_000;
  const BYTES = millionTokens(TOKENS);

  test('is read in growing pieces, no byte twice, in a few seconds', async () => {
    const source = new TestSource(BYTES);
    const start = performance.now();
    const { metadata } = await readGguf(source);
    const seconds = (performance.now() - start) / 1000;
    expect(seconds).toBeLessThan(5);

    const tokens = metadata.get('tokens') as MetadataValue[];
    expect(tokens.length).toBe(TOKENS);
    for (const i of [0, 1, 4095, 500_000, TOKENS - 1]) expect(tokens[i]).toBe(tokenAt(i));
    expect(metadata.get('scores')).toEqual(Array.from({ length: TOKENS }, (_, i) => i));
    expect(metadata.get('after')).toBe('end');

    let at = 0;
    for (const [offset, length] of source.reads) {
      expect(offset).toBe(at);
      expect(length).toBeLessThanOrEqual(4 * 2 ** 20);
      at += length;
    }
    expect(at).toBe(BYTES.length);
    expect(source.reads.length).toBeLessThan(20);
  }, 30_000);

  test('stops with the reason of the signal', async () => {
    const source = new TestSource(BYTES);
    const abort = new AbortController();
    const reason = new Error('enough');
    source.beforeRead = (offset) => {
      if (offset > 0) abort.abort(reason);
    };
    await expect(readGguf(source, abort.signal)).rejects.toBe(reason);
    expect(source.reads.length).toBe(1);
  });
});

test('nothing is read when the signal is aborted already', async () => {
  const source = new TestSource(gguf({}));
  await expect(readGguf(source, AbortSignal.abort(new Error('no')))).rejects.toThrow('no');
  expect(source.reads).toEqual([]);
});

/** Of many lengths, some beyond ASCII, so that strings lie across the ends of reads. */
function tokenAt(i: number): string {
  return i % 7 === 0 ? `Ġ世${i}` : `t${i}${'x'.repeat(i % 40)}`;
}

function millionTokens(count: number): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const bytes = new Uint8Array(count * 60 + 1000);
  const view = new DataView(bytes.buffer);
  const head = gguf({ entries: [[], [], entry('after', TYPE.string, str('end'))] });
  bytes.set(head.subarray(0, 24));
  let at = 24;
  const put = (values: readonly number[]) => {
    bytes.set(values, at);
    at += values.length;
  };
  put([...str('tokens'), ...u32(TYPE.array), ...u32(TYPE.string), ...u64(count)]);
  for (let i = 0; i < count; i++) {
    const { written } = encoder.encodeInto(tokenAt(i), bytes.subarray(at + 8));
    view.setUint32(at, written, true);
    at += 8 + written;
  }
  put([...str('scores'), ...u32(TYPE.array), ...u32(TYPE.float32), ...u64(count)]);
  for (let i = 0; i < count; i++, at += 4) view.setFloat32(at, i, true);
  put(entry('after', TYPE.string, str('end')));
  return bytes.slice(0, at);
}
