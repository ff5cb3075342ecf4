import { expect, test } from 'vitest';
import { readBack } from '../../src/gpu/readback.ts';
import { StagingRing } from '../../src/gpu/staging_ring.ts';
import { openDevice } from './device.ts';
import { Lab } from './lab.ts';

const { ledger, commands } = new Lab(await openDevice());
const PIECE = 512;

test('bytes written into the pieces arrive in order, however often the ring goes round', async () => {
  const ring = await StagingRing.create(ledger, 3, PIECE);
  const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
  const pieces = 10;
  const target = await ledger.create('weights', 'target', pieces * PIECE, usage);
  const used: GPUBuffer[] = [];
  for (let i = 0; i < pieces; i++) {
    const piece = await ring.acquire();
    expect(piece.bytes.length).toBe(PIECE);
    piece.bytes.set(Uint8Array.from({ length: PIECE }, (_, j) => 7 * i + j));
    ring.seal(piece);
    commands.copy(piece.buffer, 0, target, i * PIECE, PIECE);
    commands.submit();
    ring.recycle(piece);
    used.push(piece.buffer);
  }
  const size = pieces * PIECE;
  const arrived = new Uint8Array(await readBack(ledger, commands, { buffer: target, size }));
  const sent = Uint8Array.from(
    { length: size },
    (_, at) => 7 * Math.floor(at / PIECE) + (at % PIECE),
  );
  expect(arrived).toEqual(sent);
  expect(new Set(used).size).toBe(3);
  expect(used.every((buffer, i) => buffer === used[i % 3])).toBe(true);
});

test('the ring counts as staging memory', async () => {
  const before = ledger.read('staging').bytes;
  await StagingRing.create(ledger, 2, PIECE);
  expect(ledger.read('staging').bytes - before).toBe(2 * PIECE);
});

test('a piece more than there are is an error, not a wait without an end', async () => {
  const ring = await StagingRing.create(ledger, 2, PIECE);
  const first = await ring.acquire();
  await ring.acquire();
  await expect(ring.acquire()).rejects.toThrow(RangeError);
  ring.seal(first);
  commands.submit();
  ring.recycle(first);
  expect((await ring.acquire()).buffer).toBe(first.buffer);
});

test('a lost device ends the wait for a piece', async () => {
  const lab = new Lab(await openDevice());
  const ring = await StagingRing.create(lab.ledger, 1, PIECE);
  const piece = await ring.acquire();
  ring.seal(piece);
  lab.gpu.device.destroy();
  ring.recycle(piece);
  await expect(ring.acquire()).rejects.toThrow();
});
