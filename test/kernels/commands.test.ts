import { afterEach, expect, test } from 'vitest';
import { repetition_penalty } from '../../src/gpu/kernels.ts';
import { readBack } from '../../src/gpu/readback.ts';
import { openDevice } from './device.ts';
import { Lab } from './lab.ts';

const { gpu, ledger, pipelines, commands } = new Lab(await openDevice());
const halve = { kernel: repetition_penalty, constants: { VOCAB: 1 } };
await pipelines.prepare([halve]);

afterEach(() => ledger.destroyAll());

async function bufferOf(
  data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
): Promise<GPUBuffer> {
  const { STORAGE, UNIFORM, COPY_DST, COPY_SRC } = GPUBufferUsage;
  const usage = STORAGE | UNIFORM | COPY_DST | COPY_SRC;
  const buffer = await ledger.create('activations', 'data', Math.max(16, data.byteLength), usage);
  gpu.device.queue.writeBuffer(buffer, 0, data);
  return buffer;
}

/** Buffers for a kernel that halves the first value of `logits`. */
async function halving(logits: GPUBuffer) {
  return {
    penalty: { buffer: await bufferOf(Float32Array.of(2)) },
    last: { buffer: await bufferOf(Uint32Array.of(0)) },
    seen: { buffer: await bufferOf(Uint32Array.of(0)) },
    logits: { buffer: logits },
  };
}

async function floats(buffer: GPUBuffer): Promise<number[]> {
  return [...new Float32Array(await readBack(ledger, commands, { buffer, size: 16 }))];
}

test('kernels and copies run in the order in which they were recorded', async () => {
  const [a, b] = [await bufferOf(Float32Array.of(8, 1, 2, 3)), await bufferOf(new Float32Array(4))];
  const buffers = await halving(a);
  commands.dispatch(halve, buffers, 1);
  commands.copy(a, 0, b, 0, 4);
  commands.dispatch(halve, buffers, 1);
  commands.dispatch(halve, buffers, 1);
  commands.copy(a, 0, b, 8, 4);
  expect(await floats(b)).toEqual([4, 0, 1, 0]);
  expect(await floats(a)).toEqual([1, 1, 2, 3]);
});

test('nothing runs before it is submitted', async () => {
  const [a, b] = [await bufferOf(Float32Array.of(8)), await bufferOf(new Float32Array(4))];
  commands.copy(a, 0, b, 0, 4);
  // Written at once, though the copy was recorded before.
  gpu.device.queue.writeBuffer(a, 0, Float32Array.of(5));
  expect(await floats(b)).toEqual([5, 0, 0, 0]);
});

test('actions wait for the submission, run once, and in their order', () => {
  const done: number[] = [];
  commands.onSubmit(() => done.push(1));
  commands.onSubmit(() => done.push(2));
  expect(done).toEqual([]);
  commands.submit();
  commands.submit();
  expect(done).toEqual([1, 2]);
});

test('a binding may be a part of a buffer', async () => {
  const data = new Float32Array(128).fill(6);
  const a = await bufferOf(data);
  const buffers = await halving(a);
  commands.dispatch(halve, { ...buffers, logits: { buffer: a, offset: 256, size: 4 } }, 1);
  const size = data.byteLength;
  const after = new Float32Array(await readBack(ledger, commands, { buffer: a, size }));
  data[64] = 3;
  expect(after).toEqual(data);
});

test('a part of a buffer comes back', async () => {
  const a = await bufferOf(Float32Array.of(1, 2, 3, 4));
  const part = await readBack(ledger, commands, { buffer: a, offset: 4, size: 8 });
  expect([...new Float32Array(part)]).toEqual([2, 3]);
  expect(ledger.read('staging').bytes).toBe(0);
});

test('a kernel without one of its buffers is refused by the binding’s name', async () => {
  const { penalty, last, seen } = await halving(await bufferOf(Float32Array.of(1)));
  expect(() => commands.dispatch(halve, { penalty, last, seen }, 1)).toThrow(
    'repetition_penalty needs a buffer for "logits"',
  );
  commands.submit();
});
