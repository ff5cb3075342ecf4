import {
  PackFileMissingError,
  PackFileTruncatedError,
  StoreNameError,
} from '../../../src/store/errors.ts';
import type { WeightStore } from '../../../src/store/weight_store.ts';

/**
 * What every WeightStore must do. The cases know nothing of a test runner, so that Vitest and a worker in a
 * browser run the same ones; each gets an empty store.
 */
export interface StoreCase {
  readonly name: string;
  run(store: WeightStore): Promise<void>;
}

/** Not a multiple of anything, and longer than two chunks of the IndexedDB store. */
const LONG = 9 * 2 ** 20 + 12_345;

export const storeCases: readonly StoreCase[] = [
  {
    name: 'an empty store lists nothing',
    async run(store) {
      equal(await store.list(), []);
      equal([...(await store.files('pack'))], []);
    },
  },
  {
    name: 'a committed file is read back byte for byte',
    async run(store) {
      const bytes = pattern(LONG);
      await put(store, 'pack', 'layer-000.bin', bytes);
      equal(await store.list(), ['pack']);
      equal([...(await store.files('pack'))], [['layer-000.bin', LONG]]);
      equal(await get(store, 'pack', 'layer-000.bin'), bytes);
    },
  },
  {
    name: 'writes of any size join without a seam',
    async run(store) {
      const bytes = pattern(LONG);
      const writer = await store.create('pack', 'a.bin');
      let at = 0;
      for (const length of [0, 1, 255, 4 * 2 ** 20 - 256, 4 * 2 ** 20, 1, LONG]) {
        await writer.write(bytes.subarray(at, at + length));
        at += length;
      }
      await writer.commit();
      equal(await get(store, 'pack', 'a.bin'), bytes);
    },
  },
  {
    name: 'the writer does not keep the caller’s buffer',
    async run(store) {
      const buffer = pattern(1000);
      const writer = await store.create('pack', 'a.bin');
      await writer.write(buffer);
      buffer.fill(0);
      await writer.write(buffer);
      await writer.commit();
      equal(await get(store, 'pack', 'a.bin'), joined(pattern(1000), new Uint8Array(1000)));
    },
  },
  {
    name: 'ranges are read from anywhere in a file',
    async run(store) {
      const bytes = pattern(LONG);
      await put(store, 'pack', 'a.bin', bytes);
      const file = await store.open('pack', 'a.bin');
      const chunk = 4 * 2 ** 20;
      for (const [at, length] of [
        [0, 1],
        [LONG - 1, 1],
        [chunk - 1, 2],
        [chunk, chunk],
        [3, 2 * chunk],
        [LONG, 0],
      ] as const) {
        const into = new Uint8Array(length);
        await file.read(into, at);
        equal(into, bytes.subarray(at, at + length));
      }
      file.close();
    },
  },
  {
    name: 'a read fills the middle of a larger buffer and nothing else',
    async run(store) {
      await put(store, 'pack', 'a.bin', pattern(100));
      const file = await store.open('pack', 'a.bin');
      const buffer = new Uint8Array(30);
      await file.read(buffer.subarray(10, 20), 50);
      file.close();
      equal(buffer, joined(new Uint8Array(10), pattern(100).subarray(50, 60), new Uint8Array(10)));
    },
  },
  {
    name: 'reading past the end is an error',
    async run(store) {
      await put(store, 'pack', 'a.bin', pattern(100));
      const file = await store.open('pack', 'a.bin');
      await rejects(async () => file.read(new Uint8Array(2), 99), PackFileTruncatedError);
      await rejects(async () => file.read(new Uint8Array(1), 1e9), PackFileTruncatedError);
      file.close();
    },
  },
  {
    name: 'an empty file is a file',
    async run(store) {
      await put(store, 'pack', 'empty', new Uint8Array(0));
      equal([...(await store.files('pack'))], [['empty', 0]]);
      equal(await get(store, 'pack', 'empty'), new Uint8Array(0));
    },
  },
  {
    name: 'a file that is not committed cannot be seen or opened',
    async run(store) {
      const writer = await store.create('pack', 'a.bin');
      await writer.write(pattern(LONG));
      equal(await store.list(), []);
      equal([...(await store.files('pack'))], []);
      await rejects(() => store.open('pack', 'a.bin'), PackFileMissingError);
      await writer.abort();
    },
  },
  {
    name: 'an aborted file leaves nothing, and aborting twice is allowed',
    async run(store) {
      const writer = await store.create('pack', 'a.bin');
      await writer.write(pattern(LONG));
      await writer.abort();
      await writer.abort();
      equal(await store.list(), []);
      await rejects(() => store.open('pack', 'a.bin'), PackFileMissingError);
    },
  },
  {
    name: 'aborting after the commit leaves the file',
    async run(store) {
      const writer = await store.create('pack', 'a.bin');
      await writer.write(pattern(LONG));
      await writer.commit();
      await writer.abort();
      equal(await get(store, 'pack', 'a.bin'), pattern(LONG));
    },
  },
  {
    name: 'the old file stays until the new one is committed',
    async run(store) {
      await put(store, 'pack', 'a.bin', pattern(LONG));
      const writer = await store.create('pack', 'a.bin');
      await writer.write(pattern(500).fill(1));
      equal(await get(store, 'pack', 'a.bin'), pattern(LONG));
      await writer.commit();
      equal([...(await store.files('pack'))], [['a.bin', 500]]);
      equal(await get(store, 'pack', 'a.bin'), pattern(500).fill(1));
    },
  },
  {
    name: 'an abort keeps the old file',
    async run(store) {
      await put(store, 'pack', 'a.bin', pattern(LONG));
      const writer = await store.create('pack', 'a.bin');
      await writer.write(pattern(LONG).fill(1));
      await writer.abort();
      equal(await get(store, 'pack', 'a.bin'), pattern(LONG));
    },
  },
  {
    name: 'two readers share a file',
    async run(store) {
      await put(store, 'pack', 'a.bin', pattern(100));
      const first = await store.open('pack', 'a.bin');
      const second = await store.open('pack', 'a.bin');
      const [a, b] = [new Uint8Array(100), new Uint8Array(100)];
      await first.read(a, 0);
      first.close();
      await second.read(b, 0);
      second.close();
      equal(a, b);
    },
  },
  {
    name: 'packs and files are apart, also where one name begins with another',
    async run(store) {
      const names = ['a', 'a.b', 'a.b-c', 'ab'];
      for (const [i, pack] of names.entries()) {
        for (const [j, file] of names.entries()) {
          await put(store, pack, file, Uint8Array.of(i, j));
        }
      }
      await store.remove('a');
      await store.remove('ab', 'a');
      equal((await store.list()).sort(), ['a.b', 'a.b-c', 'ab']);
      equal([...(await store.files('ab')).keys()].sort(), ['a.b', 'a.b-c', 'ab']);
      equal(await get(store, 'a.b', 'a'), Uint8Array.of(1, 0));
      equal(await get(store, 'ab', 'a.b'), Uint8Array.of(3, 1));
    },
  },
  {
    name: 'a pack whose last file is removed is gone',
    async run(store) {
      await put(store, 'pack', 'a', pattern(10));
      await put(store, 'pack', 'b', pattern(10));
      await store.remove('pack', 'a');
      equal(await store.list(), ['pack']);
      await store.remove('pack', 'b');
      equal(await store.list(), []);
      await rejects(() => store.open('pack', 'a'), PackFileMissingError);
    },
  },
  {
    name: 'removing what is not there is no error',
    async run(store) {
      await store.remove('pack');
      await store.remove('pack', 'a');
      await put(store, 'pack', 'a', pattern(10));
      await store.remove('pack', 'b');
      equal([...(await store.files('pack'))], [['a', 10]]);
    },
  },
  {
    name: 'names that could leave the store are refused',
    async run(store) {
      const bad = [
        '',
        '.',
        '..',
        '../a',
        'a/b',
        'a\\b',
        '.hidden',
        'a\0',
        'a.part',
        'a'.repeat(129),
      ];
      for (const name of bad) {
        await rejects(() => store.create(name, 'a'), StoreNameError);
        await rejects(() => store.create('pack', name), StoreNameError);
        await rejects(() => store.open(name, 'a'), StoreNameError);
        await rejects(() => store.open('pack', name), StoreNameError);
        await rejects(() => store.files(name), StoreNameError);
        await rejects(() => store.remove(name), StoreNameError);
        await rejects(() => store.remove('pack', name), StoreNameError);
      }
      equal(await store.list(), []);
    },
  },
  {
    name: 'the free space is a whole number of bytes, or null',
    async run(store) {
      const free = await store.available();
      check(free === null || (Number.isInteger(free) && free >= 0), `available() gave ${free}`);
    },
  },
];

/** Bytes that differ from place to place, so that a shifted or repeated piece is noticed. */
export function pattern(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = Math.imul(i, 0x9e3779b1) >>> 24;
  return bytes;
}

export async function put(
  store: WeightStore,
  pack: string,
  file: string,
  bytes: Uint8Array,
): Promise<void> {
  const writer = await store.create(pack, file);
  await writer.write(bytes);
  await writer.commit();
}

export async function get(
  store: WeightStore,
  pack: string,
  file: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const stored = await store.open(pack, file);
  try {
    const bytes = new Uint8Array(stored.size);
    await stored.read(bytes, 0);
    return bytes;
  } finally {
    stored.close();
  }
}

function joined(...pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

function check(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}

function equal(actual: unknown, expected: unknown): void {
  if (actual instanceof Uint8Array && expected instanceof Uint8Array) {
    check(actual.length === expected.length, `${actual.length} bytes, not ${expected.length}`);
    const at = actual.findIndex((byte, i) => byte !== expected[i]);
    check(at < 0, `byte ${at} is ${actual[at]}, not ${expected[at]}`);
    return;
  }
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  check(a === b, `${a}, not ${b}`);
}

async function rejects(
  action: () => Promise<unknown>,
  errorClass: new (details: never) => Error,
): Promise<void> {
  try {
    await action();
  } catch (error) {
    check(error instanceof errorClass, `${String(error)} is no ${errorClass.name}`);
    return;
  }
  throw new Error(`no ${errorClass.name} was thrown`);
}
