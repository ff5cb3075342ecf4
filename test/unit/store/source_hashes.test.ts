import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { SourceHashError } from '../../../src/formats/errors.ts';
import { SourceHashes } from '../../../src/store/source_hashes.ts';
import { TestSource } from './test_source.ts';
import { pattern } from './weight_store_suite.ts';

const BYTES = pattern(1000);
const SHA256 = createHash('sha256').update(BYTES).digest('hex');

class KnownSource extends TestSource {
  readonly sha256: string;

  constructor(sha256: string) {
    super(BYTES, 'model.safetensors');
    this.sha256 = sha256;
  }
}

/** Reads ranges `[start, end]` of a source whose SHA-256 is said to be `sha256`. */
async function compare(sha256: string, ranges: readonly (readonly [number, number])[]) {
  const source = new KnownSource(sha256);
  const its = ranges.map(([start, end]) => ({ source, offset: start, length: end - start }));
  const hashes = new SourceHashes(its, true);
  const seen: Uint8Array[] = [];
  for await (const bytes of hashes.follow(its)) seen.push(bytes.slice());
  expect(seen).toEqual(ranges.map(([start, end]) => BYTES.slice(start, end)));
  await hashes.compare(undefined);
  return source.reads.reduce((sum, [, length]) => sum + length, 0);
}

describe.each([
  {
    order: 'in order',
    ranges: [
      [0, 300],
      [300, 900],
      [900, 1000],
    ],
  },
  {
    order: 'backwards',
    ranges: [
      [900, 1000],
      [300, 900],
      [0, 300],
    ],
  },
  {
    order: 'with a header and gaps',
    ranges: [
      [700, 800],
      [50, 100],
      [120, 600],
    ],
  },
  {
    order: 'one over another',
    ranges: [
      [0, 500],
      [200, 800],
      [100, 300],
    ],
  },
] as const)('a source that is read $order', ({ ranges }) => {
  test('is compared with its hash, and what no tensor needs is read once', async () => {
    const asked = ranges.reduce((sum, [start, end]) => sum + end - start, 0);
    const covered = new Set(
      ranges.flatMap(([start, end]) => Array.from({ length: end - start }, (_, i) => start + i)),
    );
    expect(await compare(SHA256, ranges)).toBe(asked + 1000 - covered.size);
  });

  test('is refused when it is another one', async () => {
    await expect(compare('0'.repeat(64), ranges)).rejects.toThrow(SourceHashError);
  });
});
