import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { benchImport } from '../../../src/bench/bench_import.ts';
import { BenchCancelledError } from '../../../src/bench/errors.ts';
import { readGguf } from '../../../src/formats/gguf/read_gguf.ts';
import { openBlobSource } from '../../../src/formats/sources/blob_source.ts';
import { MemoryStore } from '../../../src/store/memory_store.ts';

const bytes = await readFile(new URL('../../golden/gguf/llama-q4_1.gguf', import.meta.url));
const checkpoint = await readGguf(openBlobSource(new Blob([new Uint8Array(bytes)]), 'tiny.gguf'));

test('an import is measured in bytes of its source, and its pack does not stay', async () => {
  const store = new MemoryStore();
  const seen: number[] = [];
  const report = await benchImport(checkpoint, store, {
    onProgress: ({ done }) => seen.push(done),
  });
  expect(report).toMatchObject({
    source: 'tiny.gguf',
    source_bytes: bytes.length,
    store: 'memory',
  });
  const { median, min, max } = report.bytes_rate;
  expect(min).toBeGreaterThan(0);
  expect(median).toBeGreaterThanOrEqual(min);
  expect(max).toBeGreaterThanOrEqual(median);
  expect(seen).toEqual([0, 1, 2]);
  expect(await store.list()).toEqual([]);
});

test('a stopped measurement ends with its error, and leaves no pack', async () => {
  const store = new MemoryStore();
  const abort = new AbortController();
  const measuring = benchImport(checkpoint, store, {
    signal: abort.signal,
    onProgress: ({ done }) => {
      if (done === 1) abort.abort();
    },
  });
  await expect(measuring).rejects.toThrow(BenchCancelledError);
  expect(await store.list()).toEqual([]);
});
