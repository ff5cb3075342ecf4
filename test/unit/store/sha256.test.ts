import { createHash } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

/** The module as it is where `process.getBuiltinModule` is this. */
async function loadWith(getBuiltinModule: typeof process.getBuiltinModule | undefined) {
  vi.stubGlobal(
    'process',
    Object.create(process, { getBuiltinModule: { value: getBuiltinModule } }),
  );
  return import('../../../src/store/sha256.ts');
}

test.each([
  ['Node', process.getBuiltinModule, 1000],
  ['a browser', undefined, 1000],
  ['a browser', undefined, 64 * 2 ** 20 + 1],
])(
  'in %s bytes that come in pieces have the SHA-256 that they have together',
  async (_, get, size) => {
    const bytes = new Uint8Array(size).map((_, i) => i * 31);
    const { createSha256 } = await loadWith(get);
    const hash = createSha256(size);
    hash.update(bytes.subarray(0, 333));
    hash.update(bytes.subarray(333));
    expect(await hash.digest()).toBe(createHash('sha256').update(bytes).digest('hex'));
  },
);

test('in Node it is Node that hashes', async () => {
  const get = vi.fn(process.getBuiltinModule);
  await loadWith(get);
  expect(get).toHaveBeenCalledWith('node:crypto');
});
