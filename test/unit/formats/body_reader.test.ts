import { expect, test } from 'vitest';
import { readBody } from '../../../src/formats/sources/body_reader.ts';

const PARTS = [Uint8Array.of(1, 2, 3), Uint8Array.of(4), Uint8Array.of(5, 6)];

/** A stream of the parts; one of bytes can fill memory that is handed to it. */
function streamOf(type: 'bytes' | undefined, onCancel = () => undefined) {
  const left = [...PARTS];
  const source = {
    pull(controller: ReadableStreamDefaultController | ReadableByteStreamController) {
      const part = left.shift();
      if (part) return controller.enqueue(part.slice());
      controller.close();
      (controller as ReadableByteStreamController).byobRequest?.respond(0);
    },
    cancel: onCancel,
  };
  return (
    type ? new ReadableStream({ type, ...source }) : new ReadableStream(source)
  ) as ReadableStream<Uint8Array<ArrayBuffer>>;
}

test.each(['bytes', undefined] as const)('a stream of %s is read to its end', async (type) => {
  const reader = readBody(streamOf(type));
  const seen: number[] = [];
  for (let bytes = await reader.read(); bytes; bytes = await reader.read()) seen.push(...bytes);
  expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
  expect(await reader.read()).toBeUndefined();
});

test('a stream of bytes goes through the same memory', async () => {
  const reader = readBody(streamOf('bytes'));
  const first = (await reader.read())!;
  expect(first.buffer.byteLength).toBeGreaterThan(first.length);
  await reader.read();
  // Its memory has been handed on.
  expect(first.byteLength).toBe(0);
});

test.each(['bytes', undefined] as const)('a stream of %s is told to stop', async (type) => {
  let cancelled = false;
  const reader = readBody(
    streamOf(type, () => {
      cancelled = true;
    }),
  );
  await reader.read();
  await reader.cancel();
  expect(cancelled).toBe(true);
});
