import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { CatalogueModel } from '../../../src/app/catalogue.ts';
import { CatalogueError } from '../../../src/app/errors.ts';
import type { UrlSource } from '../../../src/app/library_store.ts';
import { createModelState, type ModelState } from '../../../src/app/model_state.ts';
import { announcementOf } from '../../../src/app/stage.ts';
import { DeviceLostError, GpuOutOfMemoryError, NoAdapterError } from '../../../src/gpu/errors.ts';
import { BudgetTooSmallError } from '../../../src/plan/errors.ts';
import {
  PackCorruptedError,
  StorageQuotaError,
  StoreLockedError,
} from '../../../src/store/errors.ts';
import { WorkerFailedError } from '../../../src/worker/errors.ts';
import type { ChosenFiles, ImportChoice, LoadOptions } from '../../../src/worker/protocol.ts';
import { FakeStorage } from './fake_storage.ts';
import { chosen, completePack, gate, PACK_BYTES, PACK_ID, ScriptedApi } from './scripted_api.ts';

const MODEL: CatalogueModel = {
  id: 'smollm2',
  name: 'SmolLM2 135M Instruct',
  url: 'https://example.org/smollm2.gguf',
  bytes: 98_362_432,
  license: 'Apache-2.0',
  description: 'Small.',
};
const SOURCE: UrlSource = { kind: 'url', url: MODEL.url, name: MODEL.name };
const DAMAGE = new PackCorruptedError({
  pack: PACK_ID,
  files: [{ file: 'layer-017.bin', pieces: [0] }],
  layers: [17],
});

let api: ScriptedApi;
let storage: FakeStorage;
let catalogue: () => Promise<readonly CatalogueModel[]>;
let secure: boolean;
let loadOptions: LoadOptions;
const persist = vi.fn(async () => true);

/** The page as it is when it is opened. */
function open(): ModelState {
  const services = { api, storage, secure, persist, now: () => performance.now() };
  return createModelState({
    ...services,
    loadOptions: () => loadOptions,
    catalogue: () => catalogue(),
  });
}

beforeEach(() => {
  api = new ScriptedApi();
  storage = new FakeStorage();
  catalogue = async () => [MODEL];
  secure = true;
  loadOptions = { residency: 'strict' };
  persist.mockClear();
});

/** A page on which the model has been imported from its URL. */
async function openWithModel(): Promise<ModelState> {
  const models = open();
  await models.start();
  await importWhole(models, SOURCE);
  expect(models.stage.value.kind).toBe('ready');
  return models;
}

async function importWhole(models: ModelState, source: UrlSource | ChosenFiles): Promise<void> {
  const before = api.imports.length;
  const imported = models.openModel(source);
  await vi.waitUntil(() => api.imports.length > before);
  api.stored = [completePack()];
  api.imports.at(-1)!.end.resolve(PACK_ID);
  await imported;
}

describe('opening the page', () => {
  test('for the first time offers the models', async () => {
    const models = open();
    expect(models.stage.value.kind).toBe('starting');
    await models.start();
    expect(models.stage.value).toEqual({ kind: 'welcome' });
    expect(models.catalogue.value).toEqual([MODEL]);
    expect(models.environment.value?.adapter.description).toBe('Scripted GPU');
  });

  test('without a list of models still offers to open a file', async () => {
    catalogue = () => Promise.reject(new CatalogueError({ url: 'u', reason: 'r' }));
    const models = open();
    await models.start();
    expect(models.stage.value.kind).toBe('welcome');
    expect(models.catalogueFailure.value?.message).toContain('open a model of your own');
  });

  test('over plain http says that it cannot work, and asks nothing of the engine', async () => {
    secure = false;
    api.environment = () => Promise.reject(new Error('asked'));
    const models = open();
    await models.start();
    expect(models.stage.value).toMatchObject({
      kind: 'blocked',
      failure: { name: 'InsecureContext' },
    });
  });

  test('without an adapter says what to do', async () => {
    api.environmentError = new NoAdapterError();
    const models = open();
    await models.start();
    expect(models.stage.value).toMatchObject({
      kind: 'blocked',
      failure: { name: 'NoAdapterError', remedies: ['reload-page'] },
    });
  });

  test('whose storage cannot be read says so', async () => {
    api.packs = () => Promise.reject(new StoreLockedError({ pack: 'p', file: 'f' }));
    const models = open();
    await models.start();
    expect(models.stage.value).toMatchObject({
      kind: 'blocked',
      failure: { name: 'StoreLockedError' },
    });
  });

  test('again loads the model of the last visit, by the catalogue’s name', async () => {
    await openWithModel();
    api.stored = [completePack('another', 'another'), completePack()];
    const models = open();
    await models.start();
    expect(models.stage.value).toMatchObject({ kind: 'ready', name: MODEL.name });
    expect(api.loads.at(-1)).toBe(PACK_ID);
  });

  test('with a model that cannot be loaded says why, and offers the models', async () => {
    api.stored = [completePack()];
    api.loadErrors.push(new StoreLockedError({ pack: 'p', file: 'f' }));
    const models = open();
    await models.start();
    expect(models.stage.value.kind).toBe('welcome');
    expect(models.failure.value).toMatchObject({ name: 'StoreLockedError' });
    expect(models.catalogue.value).toEqual([MODEL]);
  });
});

describe('an import', () => {
  test('shows its bytes, then loads the model', async () => {
    const models = open();
    await models.start();
    const imported = models.importModel(SOURCE);
    expect(models.stage.value).toMatchObject({ kind: 'importing', name: MODEL.name, mending: [] });
    expect(announcementOf(models.stage.value)).toBe('Importing SmolLM2 135M Instruct.');
    expect(persist).toHaveBeenCalledOnce();
    const running = api.imports[0]!;
    expect(running.source).toEqual({ url: MODEL.url });
    running.progress(4_000_000);
    expect(models.transfer.value).toMatchObject({ bytesDone: 4_000_000, bytes: PACK_BYTES });
    api.stored = [completePack()];
    running.end.resolve(PACK_ID);
    await imported;
    expect(models.stage.value).toMatchObject({ kind: 'ready', name: MODEL.name });
    expect(announcementOf(models.stage.value)).toBe('SmolLM2 135M Instruct is ready.');
  });

  test('of a file hands the file over', async () => {
    const models = open();
    await models.start();
    const file = chosen('mine.gguf');
    await importWhole(models, file);
    expect(api.imports[0]!.source).toBe(file);
    expect(models.stage.value).toMatchObject({ kind: 'ready', name: 'smollm2' });
  });

  test('of an exported model says that it does not go on by itself', async () => {
    const models = open();
    await models.start();
    void models.openModel(chosen('model.tar'));
    await vi.waitUntil(() => api.imports.length === 1);
    expect(models.stage.value).toMatchObject({ kind: 'importing', resumes: false });
    void models.openModel(chosen('model.gguf'));
    expect(models.stage.value).toMatchObject({ kind: 'importing', resumes: true });
  });

  test('hands the token over, and stores it nowhere', async () => {
    const models = open();
    await models.start();
    models.token.value = ' hf_secret ';
    await importWhole(models, { kind: 'url', url: 'owner/name', name: 'owner/name' });
    expect(api.imports[0]!.source).toEqual({ url: 'owner/name', token: 'hf_secret' });
    expect(models.stage.value).toMatchObject({ kind: 'ready', name: 'owner/name' });
    const stored = JSON.stringify([...storage.values]);
    expect(stored).toContain('owner/name');
    expect(stored).not.toContain('hf_secret');
    expect(open().token.value).toBe('');
  });

  test('that is cancelled comes back without a complaint, and can go on', async () => {
    const models = open();
    await models.start();
    const imported = models.importModel(SOURCE);
    api.stored = [{ ...completePack(), complete: false, bytes: 41 }];
    models.cancelImport();
    expect(models.stage.value).toMatchObject({ kind: 'importing', cancelling: true });
    await imported;
    expect(models.stage.value.kind).toBe('welcome');
    expect(models.failure.value).toBeNull();
    expect(models.unfinished.value).toMatchObject({ bytes: 41, source: SOURCE });
  });

  test('that was cut off by a reload can go on', async () => {
    const models = open();
    await models.start();
    void models.importModel(SOURCE);
    api.stored = [{ ...completePack(), complete: false, bytes: 41 }];
    const reloaded = open();
    await reloaded.start();
    expect(reloaded.stage.value.kind).toBe('welcome');
    expect(reloaded.unfinished.value).toEqual({ pack: PACK_ID, bytes: 41, source: SOURCE });
  });

  test('that fails says why, and tries again when asked', async () => {
    const models = open();
    await models.start();
    const imported = models.importModel(SOURCE);
    api.imports[0]!.end.reject(new StorageQuotaError({ needed: 9, available: 1 }));
    await imported;
    expect(models.stage.value.kind).toBe('welcome');
    expect(models.failure.value).toMatchObject({
      name: 'StorageQuotaError',
      remedies: ['import-again'],
    });
    const again = models.importAgain();
    expect(models.failure.value).toBeNull();
    api.stored = [completePack()];
    api.imports[1]!.end.resolve(PACK_ID);
    await again;
    expect(models.stage.value.kind).toBe('ready');
  });

  test('that fails beside a loaded model comes back to that model', async () => {
    const models = await openWithModel();
    const before = models.stage.value;
    const imported = models.openModel(chosen('bad.gguf'));
    await vi.waitUntil(() => api.imports.length > 1);
    api.imports.at(-1)!.end.reject(new Error('not a GGUF file'));
    await imported;
    expect(models.stage.value).toBe(before);
    expect(models.failure.value?.heading).toBe('The model could not be imported');
  });
});

describe('a model with weights in plain floats', () => {
  const CHOICES: readonly ImportChoice[] = [
    { quantize: null, pack: 'mine', bytes: 2e9 },
    { quantize: 'Q8_0', pack: 'mine.q8_0', bytes: 1e9 },
    { quantize: 'Q4_K', pack: 'mine.q4_k', bytes: 5e8 },
  ];
  const HUB: UrlSource = { kind: 'url', url: 'owner/name', name: 'owner/name' };

  beforeEach(() => {
    api.choices = CHOICES;
  });

  /** Opens it, up to the question. @returns what waits for the answer */
  async function asked(models: ModelState, source: UrlSource | ChosenFiles = HUB) {
    await models.start();
    const ended = models.openModel(source);
    await vi.waitUntil(() => models.stage.value.kind === 'choosing');
    return { ended };
  }

  function unfinished(id: string) {
    return { ...completePack(id), complete: false };
  }

  test('is imported as the user chooses, and that is remembered', async () => {
    const models = open();
    await asked(models);
    expect(models.stage.value).toMatchObject({ name: HUB.name, choices: CHOICES, usual: null });
    expect(api.imports).toEqual([]);
    models.chooseImport('Q4_K');
    await vi.waitUntil(() => api.imports.length === 1);
    expect(api.imports[0]!.quantize).toBe('Q4_K');
    api.stored = [unfinished('mine.q4_k')];
    const reloaded = open();
    await reloaded.start();
    const { source } = reloaded.unfinished.value!;
    expect(source).toEqual({ ...HUB, quantize: 'Q4_K' });
    void reloaded.importModel(source as UrlSource);
    await vi.waitUntil(() => api.imports.length === 2);
    expect(api.imports[1]).toMatchObject({ source: { url: HUB.url }, quantize: 'Q4_K' });
  });

  test('is mended as it was imported', async () => {
    const models = open();
    await asked(models);
    models.chooseImport('Q8_0');
    await vi.waitUntil(() => api.imports.length === 1);
    api.stored = [completePack('mine.q8_0')];
    api.imports[0]!.end.resolve('mine.q8_0');
    await vi.waitUntil(() => models.stage.value.kind === 'ready');
    api.loadErrors.push(DAMAGE);
    void models.load('mine.q8_0', HUB.name);
    await vi.waitUntil(() => api.imports.length === 2);
    expect(api.imports[1]).toMatchObject({ source: { url: HUB.url }, quantize: 'Q8_0' });
  });

  test.each([
    ['begun', [completePack('mine'), unfinished('mine.q4_k')], 'Q4_K'],
    ['there', [completePack('other'), completePack('mine.q8_0')], 'Q8_0'],
  ])('of which a pack is %s already, is offered in its type', async (_, stored, usual) => {
    const models = open();
    api.stored = stored;
    await asked(models, chosen('mine.gguf'));
    expect(models.stage.value).toMatchObject({ usual });
  });

  test('that nobody wants after all leaves the page as it was', async () => {
    const models = open();
    const { ended } = await asked(models);
    models.cancelImport();
    await ended;
    expect(models.stage.value).toEqual({ kind: 'welcome' });
    expect(models.failure.value).toBeNull();
    expect(api.imports).toEqual([]);
  });

  test('can be cancelled while its header is read, and asked about again when that fails', async () => {
    const models = open();
    await models.start();
    api.choosing = gate();
    const opened = models.openModel(HUB);
    expect(models.stage.value).toMatchObject({ kind: 'importing', cancelling: false });
    models.cancelImport();
    expect(models.stage.value).toMatchObject({ kind: 'importing', cancelling: true });
    api.choosing.resolve(CHOICES);
    await opened;
    expect(models.stage.value).toEqual({ kind: 'welcome' });
    expect(models.failure.value).toBeNull();

    api.choosing = gate();
    const failed = models.openModel(HUB);
    api.choosing.reject(new Error('no network'));
    await failed;
    expect(models.failure.value?.remedies).toEqual(['import-again']);
    api.choosing = null;
    void models.importAgain();
    await vi.waitUntil(() => models.stage.value.kind === 'choosing');
    expect(api.imports).toEqual([]);
  });

  test('is not asked about when the import that failed is tried again', async () => {
    const models = open();
    await asked(models);
    models.chooseImport('Q8_0');
    await vi.waitUntil(() => api.imports.length === 1);
    api.imports[0]!.end.reject(new Error('no network'));
    await vi.waitUntil(() => models.failure.value !== null);
    void models.importAgain();
    await vi.waitUntil(() => api.imports.length === 2);
    expect(api.imports[1]!.quantize).toBe('Q8_0');
    expect(api.asked).toHaveLength(1);
  });
});

describe('a damaged model', () => {
  test('from a URL is mended, and then loaded', async () => {
    await openWithModel();
    api.loadErrors.push(DAMAGE);
    const models = open();
    const started = models.start();
    await vi.waitUntil(() => api.imports.length === 2);
    expect(models.stage.value).toMatchObject({ kind: 'importing', mending: ['layer-017.bin'] });
    expect(api.imports[1]!.source).toEqual({ url: MODEL.url });
    api.imports[1]!.end.resolve(PACK_ID);
    await started;
    expect(models.stage.value.kind).toBe('ready');
    expect(models.failure.value).toBeNull();
  });

  test('is mended once, not for ever', async () => {
    await openWithModel();
    api.loadErrors.push(DAMAGE, DAMAGE);
    const models = open();
    const started = models.start();
    await vi.waitUntil(() => api.imports.length === 2);
    api.imports[1]!.end.resolve(PACK_ID);
    await started;
    expect(models.stage.value.kind).toBe('welcome');
    expect(models.failure.value?.name).toBe('PackCorruptedError');
    expect(api.imports).toHaveLength(2);
  });

  test('whose mending fails says why, and tries again when asked', async () => {
    await openWithModel();
    api.loadErrors.push(DAMAGE);
    const models = open();
    const started = models.start();
    await vi.waitUntil(() => api.imports.length === 2);
    api.imports[1]!.end.reject(new Error('no network'));
    await started;
    expect(models.failure.value?.remedies).toEqual(['import-again']);
    const again = models.importAgain();
    api.imports[2]!.end.resolve(PACK_ID);
    await again;
    expect(models.stage.value.kind).toBe('ready');
  });

  test('from a file asks for that file', async () => {
    const models = open();
    await models.start();
    await importWhole(models, chosen('mine.gguf'));
    api.loadErrors.push(DAMAGE);
    const reloaded = open();
    await reloaded.start();
    expect(reloaded.stage.value.kind).toBe('welcome');
    expect(reloaded.failure.value?.message).toContain('Open “mine.gguf” again');
    expect(reloaded.failure.value?.remedies).toEqual(['open-file']);
    expect(api.imports).toHaveLength(1);
  });
});

describe('a lost device', () => {
  async function loseDevice(models: ModelState): Promise<void> {
    const { lost } = api;
    api.lost = gate();
    lost.resolve(new DeviceLostError({ reason: 'reset' }).message);
    await vi.waitUntil(() => models.failure.value !== null);
  }

  test('is told, with a way on', async () => {
    const models = await openWithModel();
    await loseDevice(models);
    expect(models.failure.value).toMatchObject({
      name: 'DeviceLostError',
      remedies: ['reload-engine'],
    });
    expect(models.failure.value?.message).toContain('reset');
    await models.reloadEngine();
    expect(models.failure.value).toBeNull();
    expect(models.stage.value.kind).toBe('ready');
    expect(api.loads).toEqual([PACK_ID, PACK_ID]);
  });

  test('is got back before the next question, also when the notice was put away', async () => {
    const models = await openWithModel();
    await loseDevice(models);
    models.dismissFailure();
    expect(await models.ensureEngine()).toBe(true);
    expect(api.loads).toHaveLength(2);
    expect(await models.ensureEngine()).toBe(true);
    expect(api.loads).toHaveLength(2);
  });

  test('is told again when it is lost again', async () => {
    const models = await openWithModel();
    await loseDevice(models);
    await models.reloadEngine();
    await loseDevice(models);
    expect(models.failure.value?.name).toBe('DeviceLostError');
  });

  test('that does not come back leaves the models on offer', async () => {
    const models = await openWithModel();
    await loseDevice(models);
    api.loadErrors.push(new NoAdapterError());
    expect(await models.ensureEngine()).toBe(false);
    expect(models.stage.value.kind).toBe('welcome');
    expect(models.failure.value?.name).toBe('NoAdapterError');
  });

  test('of a worker that has died asks for a reload of the page', async () => {
    const models = await openWithModel();
    api.lost.reject(new WorkerFailedError({ reason: 'out of memory' }));
    await vi.waitUntil(() => models.failure.value !== null);
    expect(models.failure.value).toMatchObject({
      name: 'WorkerFailedError',
      remedies: ['reload-page'],
    });
  });
});

describe('removing a model', () => {
  test('that is loaded goes back to the models on offer', async () => {
    const models = await openWithModel();
    await models.remove(PACK_ID);
    expect(models.stage.value.kind).toBe('welcome');
    expect(models.packs.value).toEqual([]);
    expect(storage.json('lamina.library')).toMatchObject({ sources: {} });
  });

  test('that is not loaded leaves the loaded one', async () => {
    const models = await openWithModel();
    api.stored = [...api.stored, completePack('other')];
    await models.remove('other');
    expect(models.stage.value.kind).toBe('ready');
    expect(models.packs.value.map(({ id }) => id)).toEqual([PACK_ID]);
  });

  test('that is in use elsewhere says so', async () => {
    const models = await openWithModel();
    api.removePack = () => Promise.reject(new StoreLockedError({ pack: PACK_ID, file: 'f' }));
    await models.remove(PACK_ID);
    expect(models.failure.value).toMatchObject({ name: 'StoreLockedError', remedies: [] });
    expect(models.stage.value.kind).toBe('ready');
  });
});

describe('a model that there is too little memory for as it is set', () => {
  const shortages = [
    new BudgetTooSmallError({ budget: 1e6, needed: 9e6, residency: 'resident' }),
    new GpuOutOfMemoryError({ label: 'weights of layer 3', bytes: 9e6 }),
  ];

  test.each(shortages)(
    '($name) is loaded one layer at a time, and the page says why',
    async (error) => {
      loadOptions = { residency: 'resident', budget: 1e6, context_length: 512 };
      api.stored = [completePack()];
      api.loadErrors.push(error);
      const models = open();
      await models.start();
      expect(models.stage.value).toMatchObject({ kind: 'ready', model: { residency: 'strict' } });
      expect(api.loadOptions).toEqual([loadOptions, { residency: 'strict', context_length: 512 }]);
      expect(models.runProblem.value).toBe(error.message);
      expect(models.failure.value).toEqual({
        name: error.name,
        heading: 'The model runs one layer at a time',
        message: error.message,
        remedies: [],
      });
      loadOptions = { residency: 'resident' };
      await models.runAsSet();
      expect(models.stage.value).toMatchObject({ model: { residency: 'resident' } });
      expect(models.runProblem.value).toBeNull();
      expect(models.failure.value).toBeNull();
    },
  );

  test.each(shortages)('($name) even so is not tried for ever', async (error) => {
    api.stored = [completePack()];
    loadOptions = { residency: 'resident' };
    api.loadErrors.push(error, error);
    const models = open();
    await models.start();
    expect(models.stage.value.kind).toBe('welcome');
    expect(models.failure.value?.name).toBe(error.name);
    loadOptions = { residency: 'strict' };
    api.loadErrors.push(error);
    await models.load(PACK_ID, 'smollm2');
    expect(models.stage.value.kind).toBe('welcome');
    expect(api.loads).toHaveLength(3);
  });

  test('is loaded as it is set when that has changed', async () => {
    api.stored = [completePack()];
    loadOptions = { residency: 'resident', budget: 1e6 };
    api.loadErrors.push(shortages[0]!);
    const models = open();
    await models.start();
    loadOptions = { residency: 'resident' };
    await models.reloadEngine();
    expect(models.stage.value).toMatchObject({ model: { residency: 'resident' } });
    expect(models.failure.value).toBeNull();
    expect(models.runProblem.value).toBeNull();
  });
});

describe('running as set', () => {
  test('asks for all but the context, and puts what comes of it on the page', async () => {
    const models = await openWithModel();
    loadOptions = { residency: 'streaming', budget: 3e8, context_length: 512 };
    await models.runAsSet();
    expect(api.residencies).toEqual([{ residency: 'streaming', budget: 3e8 }]);
    expect(models.stage.value).toMatchObject({
      name: MODEL.name,
      model: { residency: 'streaming' },
    });
  });

  test('is done once after the other, and the last one counts', async () => {
    const models = await openWithModel();
    loadOptions = { residency: 'resident' };
    const first = models.runAsSet();
    loadOptions = { residency: 'streaming' };
    const second = models.runAsSet();
    await first;
    expect(models.changing.value).toBe(true);
    await second;
    expect(models.changing.value).toBe(false);
    expect(models.stage.value).toMatchObject({ model: { residency: 'streaming' } });
  });

  test('leaves the model as it was where that is not possible, and says why', async () => {
    const models = await openWithModel();
    const before = models.stage.value;
    const error = new BudgetTooSmallError({ budget: 1e6, needed: 9e6 });
    api.residencyErrors.push(error);
    await models.runAsSet();
    expect(models.stage.value).toBe(before);
    expect(models.runProblem.value).toBe(error.message);
    expect(models.failure.value).toBeNull();
    await models.runAsSet();
    expect(models.runProblem.value).toBeNull();
  });

  test('asks nothing of an engine that is not there, which comes back as set', async () => {
    const models = open();
    await models.start();
    await models.runAsSet();
    await importWhole(models, SOURCE);
    models.engineLost();
    loadOptions = { residency: 'resident' };
    await models.runAsSet();
    expect(api.residencies).toEqual([]);
    await models.ensureEngine();
    expect(models.stage.value).toMatchObject({ model: { residency: 'resident' } });
  });
});
