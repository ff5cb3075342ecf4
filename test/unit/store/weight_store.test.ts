import 'fake-indexeddb/auto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'vitest';
import { IndexedDbStore } from '../../../src/store/indexeddb_store.ts';
import { MemoryStore } from '../../../src/store/memory_store.ts';
import { NodeStore } from '../../../src/store/node_store.ts';
import { storeCases } from './weight_store_suite.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lamina-store-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe.each([
  { store: 'the memory store', open: () => new MemoryStore() },
  { store: 'the Node store', open: () => new NodeStore(join(folder, 'packs')) },
  { store: 'the IndexedDB store', open: () => new IndexedDbStore(crypto.randomUUID()) },
])('$store', ({ open }) => {
  test.each(storeCases)('$name', ({ run }) => run(open()));
});
