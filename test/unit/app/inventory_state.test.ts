import { beforeEach, expect, test, vi } from 'vitest';
import { createInventoryState, type InventoryState } from '../../../src/app/inventory_state.ts';
import { PackCorruptedError } from '../../../src/store/errors.ts';
import { completePack, EXPORTED, gate, PACK_BYTES, PACK_ID, ScriptedApi } from './scripted_api.ts';

let api: ScriptedApi;
let inventory: InventoryState;
/** What became of the file that was written to. */
let file: { name: string; text: string; state: 'open' | 'closed' | 'aborted' } | null;
let wanted: boolean;
let full: boolean;

beforeEach(() => {
  api = new ScriptedApi();
  api.stored = [completePack()];
  [file, wanted, full] = [null, true, false];
  inventory = createInventoryState(api, async (name) => {
    if (!wanted) return null;
    const made: NonNullable<typeof file> = { name, text: '', state: 'open' };
    file = made;
    return {
      async write(bytes) {
        if (full) throw new DOMException('the disk is full', 'QuotaExceededError');
        made.text += new TextDecoder().decode(bytes);
      },
      async close() {
        made.state = 'closed';
      },
      async abort() {
        made.state = 'aborted';
      },
    };
  });
});

test('a model is verified, with how far it is', async () => {
  const verified = inventory.verify(PACK_ID);
  api.verifications[0]!.progress(PACK_BYTES / 4);
  expect(inventory.news.value).toMatchObject({ pack: PACK_ID, state: 'running', share: 0.25 });
  api.verifications[0]!.end.resolve();
  await verified;
  expect(inventory.news.value).toMatchObject({ task: 'verify', state: 'done' });
});

test('progress that arrives after the end changes nothing', async () => {
  const verified = inventory.verify(PACK_ID);
  api.verifications[0]!.end.resolve();
  await verified;
  api.verifications[0]!.progress(PACK_BYTES);
  expect(inventory.news.value).toMatchObject({ state: 'done' });
});

test('damage is told in the error’s words', async () => {
  const verified = inventory.verify(PACK_ID);
  const files = [{ file: 'layer-003.bin', pieces: [0] }];
  api.verifications[0]!.end.reject(new PackCorruptedError({ pack: PACK_ID, files, layers: [3] }));
  await verified;
  expect(inventory.news.value).toMatchObject({ state: 'failed' });
  expect(inventory.news.value!.message).toContain('layer 3');
});

test('one thing is done at a time', async () => {
  void inventory.verify(PACK_ID);
  await inventory.verify(PACK_ID);
  await inventory.exportPack(PACK_ID);
  expect(api.verifications).toHaveLength(1);
  expect(file).toBeNull();
});

test('a model is exported to one file, part after part', async () => {
  const seen = vi.fn();
  inventory.news.subscribe((news) => seen(news?.share));
  await inventory.exportPack(PACK_ID);
  const text = EXPORTED.map((part) => new TextDecoder().decode(part)).join('');
  expect(file).toEqual({ name: `${PACK_ID}.tar`, text, state: 'closed' });
  expect(seen.mock.calls.flat()).toContain(EXPORTED[0]!.length / text.length);
  expect(inventory.news.value).toMatchObject({ task: 'export', state: 'done' });
});

test('an export that fails keeps nothing', async () => {
  full = true;
  await inventory.exportPack(PACK_ID);
  expect(file).toMatchObject({ text: '', state: 'aborted' });
  expect(inventory.news.value).toMatchObject({ state: 'failed' });
  expect(inventory.news.value!.message).toContain('the disk is full');
});

test('an export that the user does not want leaves no word', async () => {
  wanted = false;
  await inventory.exportPack(PACK_ID);
  expect(inventory.news.value).toBeNull();
});

test('a verification ends when it is cancelled, and the next one may begin', async () => {
  const verified = inventory.verify(PACK_ID);
  inventory.cancel();
  expect(inventory.news.value).toMatchObject({ task: 'verify', state: 'cancelling' });
  api.verifications[0]!.progress(PACK_BYTES);
  expect(inventory.news.value).toMatchObject({ state: 'cancelling' });
  await verified;
  expect(inventory.news.value).toMatchObject({ state: 'cancelled' });
  void inventory.verify(PACK_ID);
  expect(api.verifications).toHaveLength(2);
});

test('an export that is cancelled in its middle keeps nothing', async () => {
  api.exporting = gate();
  const exported = inventory.exportPack(PACK_ID);
  await vi.waitUntil(() => file?.text !== undefined && file.text !== '');
  inventory.cancel();
  api.exporting.resolve();
  await exported;
  expect(file).toMatchObject({ text: 'the pack, ', state: 'aborted' });
  expect(inventory.news.value).toMatchObject({ task: 'export', state: 'cancelled' });
});
