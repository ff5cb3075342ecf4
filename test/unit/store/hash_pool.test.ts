import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type HashLane, HashPool, WRITING_LANES } from '../../../src/store/hash_pool.ts';
import { PIECE_BYTES } from '../../../src/store/manifest.ts';
import { pattern } from './weight_store_suite.ts';

let pool: HashPool;
beforeEach(() => {
  pool = new HashPool();
});
afterEach(() => {
  pool.close();
  vi.unstubAllGlobals();
  vi.resetModules();
});

test.each([0, 1, 1000, 2 ** 20 - 1, 2 ** 20, 2 ** 21 + 7, PIECE_BYTES])(
  'the first %i bytes of a lane have the SHA-256 that Node says',
  async (length) => {
    const bytes = pattern(length);
    const lane = await pool.take();
    lane.bytes.set(bytes);
    expect(await lane.hash(length)).toBe(createHash('sha256').update(bytes).digest('hex'));
  },
);

test('a lane hashes one piece after the other, and none is mistaken for another', async () => {
  const lengths = Array.from({ length: 12 }, (_, i) => 2 ** 20 + 1000 * i);
  const hashes: Promise<string>[] = [];
  for (const length of lengths) {
    const lane = await pool.take();
    lane.bytes.set(pattern(length));
    hashes.push(lane.hash(length));
  }
  expect(await Promise.all(hashes)).toEqual(
    lengths.map((length) => createHash('sha256').update(pattern(length)).digest('hex')),
  );
});

test('there are four lanes: who comes later waits until one is idle again', async () => {
  const lanes = await Promise.all(Array.from({ length: 4 }, () => pool.take()));
  expect(new Set(lanes).size).toBe(4);
  const taken: unknown[] = [];
  const later = [pool.take(), pool.take()].map((take) => take.then((lane) => taken.push(lane)));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(taken.length).toBe(0);
  await lanes[2]!.hash(1000);
  await later[0];
  expect(taken.map((lane) => lanes.indexOf(lane as HashLane))).toEqual([2]);
  lanes[1]!.release();
  await later[1];
  expect(taken.map((lane) => lanes.indexOf(lane as HashLane))).toEqual([2, 1]);
});

test('hashing runs beside the thread that asks for it', async () => {
  const lane = await pool.take();
  const hash = lane.hash(PIECE_BYTES);
  // The buffer has moved to the other thread.
  expect(lane.bytes.length).toBe(0);
  await hash;
  expect(lane.bytes.length).toBe(PIECE_BYTES);
});

test('a thread that fails is told of, at once and to whoever hashes there later', async () => {
  const failing = class {
    constructor() {
      // biome-ignore lint/correctness/noConstructorReturn: it stands for the class it returns an object of.
      return new Worker('throw new Error("no memory is left")', { eval: true });
    }
  };
  const getBuiltinModule = () => ({ Worker: failing });
  vi.stubGlobal(
    'process',
    Object.create(process, { getBuiltinModule: { value: getBuiltinModule } }),
  );
  vi.resetModules();
  const { HashPool } = await import('../../../src/store/hash_pool.ts');
  pool = new HashPool();
  const lane = await pool.take();
  for (let i = 0; i < 2; i++) {
    await expect(lane.hash(2 ** 20)).rejects.toMatchObject({
      name: 'HashThreadError',
      details: { reason: 'no memory is left' },
    });
  }
  expect(await pool.take()).toBe(lane);
});

test('fewer lanes hold fewer pieces', async () => {
  pool = new HashPool(WRITING_LANES);
  const lanes = await Promise.all(Array.from({ length: WRITING_LANES }, () => pool.take()));
  let taken = false;
  const next = pool.take().then(() => {
    taken = true;
  });
  await new Promise((resolve) => setTimeout(resolve));
  expect(taken).toBe(false);
  lanes[0]!.release();
  await next;
});
