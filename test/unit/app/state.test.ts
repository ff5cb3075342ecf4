import { beforeEach, expect, test, vi } from 'vitest';
import { createState, type PageState } from '../../../src/app/state.ts';
import { DeviceLostError } from '../../../src/gpu/errors.ts';
import { BudgetTooSmallError } from '../../../src/plan/errors.ts';
import { benchReport, residentPlan } from './bench_report.ts';
import { FakeStorage } from './fake_storage.ts';
import {
  chosen,
  completePack,
  gate,
  LAYER_BYTES,
  PACK_ID,
  resultOf,
  ScriptedApi,
} from './scripted_api.ts';

let api: ScriptedApi;
let page: PageState;
const reloadPage = vi.fn();

beforeEach(async () => {
  api = new ScriptedApi();
  api.stored = [completePack(), completePack('other', 'other')];
  page = createState({
    api,
    storage: new FakeStorage(),
    catalogue: async () => [],
    secure: true,
    persist: async () => true,
    now: () => performance.now(),
    randomSeed: () => 1,
    openSink: async () => null,
    reloadPage,
  });
  await page.models.start();
});

async function ask(question: string) {
  const before = api.chats.length;
  const ended = page.chat.send(question);
  await vi.waitUntil(() => api.chats.length > before);
  return { run: api.chats.at(-1)!, ended };
}

test('what is on the GPU is known as soon as a model is loaded', () => {
  expect(page.chat.figures.value).toMatchObject({ at: null, weightBytes: LAYER_BYTES });
});

test('an import that fails does not turn back the figures of the loaded model', async () => {
  const { run, ended } = await ask('Why?');
  const residence = { at: null, weightBytes: 1, peakWeightBytes: 2, bytesRead: 3 };
  run.emit({ type: 'residence', residence });
  run.end.resolve(resultOf('So.'));
  await ended;
  const opened = page.openModel(chosen('bad.gguf'));
  await vi.waitUntil(() => api.imports.length === 1);
  api.imports[0]!.end.reject(new Error('not a GGUF file'));
  await opened;
  expect(page.chat.figures.value).toEqual(residence);
  await page.usePack('other', 'other');
  expect(page.chat.figures.value.bytesRead).toBe(0);
});

test.each([
  ['another model is opened', () => page.openModel(chosen('a.gguf'))],
  ['another model is used', () => page.usePack('other', 'other')],
  ['the model is removed', () => page.removePack(PACK_ID)],
])('an answer is stopped when %s', async (_, action) => {
  await ask('Why?');
  void action();
  await vi.waitUntil(() => api.stops === 1);
});

test('with the whole model on the GPU the conversation stays, and the defaults of answers leave it there', async () => {
  const { run, ended } = await ask('Why?');
  run.end.resolve(resultOf('So.'));
  await ended;
  const before = page.chat.conversation.value;
  await page.setResidency('resident');
  const stage = page.models.stage.value;
  expect(stage.kind === 'ready' && stage.model.residency).toBe('resident');
  expect(page.chat.conversation.value).toEqual(before);
  page.settings.restoreDefaults();
  expect(page.settings.settings.value.residency).toBe('resident');
});

test('an answer goes on when another model is removed', async () => {
  await ask('Why?');
  await page.removePack('other');
  expect(api.stops).toBe(0);
  expect(page.models.packs.value).toHaveLength(1);
});

test('an answer that lost its device is given by a model that was loaded again', async () => {
  const { run, ended } = await ask('Why?');
  run.end.reject(new DeviceLostError({ reason: 'reset' }));
  await ended;
  const again = page.remedy('answer-again');
  await vi.waitUntil(() => api.chats.length === 2);
  expect(api.loads).toEqual([PACK_ID, PACK_ID]);
  api.chats[1]!.end.resolve(resultOf('Because.'));
  await again;
  expect(page.chat.conversation.value.at(-1)).toMatchObject({ content: 'Because.', state: 'done' });
});

test('the remedy of a page that has to be loaded again loads it again', async () => {
  await page.remedy('reload-page');
  expect(reloadPage).toHaveBeenCalledOnce();
});

test.each([
  ['the residency', () => page.setResidency('resident')],
  [
    'the budget',
    () => {
      page.settings.type('budget_mb', '300');
      return page.applyField('budget_mb');
    },
  ],
])('%s that is changed in mid-answer waits for the end of the answer', async (_, change) => {
  const { run, ended } = await ask('Why?');
  const changed = change();
  await vi.waitUntil(() => api.stops === 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(api.residencies).toEqual([]);
  run.end.resolve(resultOf('Be', 'cancelled'));
  await Promise.all([changed, ended]);
  expect(page.models.runProblem.value).toBeNull();
  expect(api.residencies).toHaveLength(1);
  expect(page.chat.conversation.value.at(-1)).toMatchObject({ content: 'Be', state: 'done' });
});

test('a question that is asked while the residency changes waits for it', async () => {
  const change = gate<void>();
  const setResidency = api.setResidency.bind(api);
  api.setResidency = async (options) => {
    await change.promise;
    return setResidency(options);
  };
  const changed = page.setResidency('resident');
  await vi.waitUntil(() => page.models.changing.value);
  const asked = page.chat.send('Why?');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(api.chats).toEqual([]);
  change.resolve();
  await changed;
  expect(page.models.changing.value).toBe(false);
  await vi.waitUntil(() => api.chats.length === 1);
  api.chats[0]!.end.resolve(resultOf('So.'));
  await asked;
});

test('another residency is asked for as set, without loading the model again', async () => {
  const loads = api.loads.length;
  await page.setResidency('streaming');
  page.settings.type('budget_mb', '300');
  await page.applyField('budget_mb');
  expect(api.residencies).toEqual([
    { residency: 'streaming', measures: false },
    { residency: 'streaming', measures: false, budget: 300e6 },
  ]);
  expect(api.loads).toHaveLength(loads);
  expect(page.models.stage.value).toMatchObject({ model: { residency: 'streaming' } });
});

test('what the model cannot do is said, and it goes on as it was', async () => {
  api.residencyErrors.push(new BudgetTooSmallError({ budget: 1e6, needed: 9e6 }));
  page.settings.type('budget_mb', '1');
  await page.applyField('budget_mb');
  expect(page.models.runProblem.value).toContain('takes 9 MB');
  expect(page.models.stage.value).toMatchObject({
    kind: 'ready',
    model: { residency: 'resident' },
  });
  page.settings.type('budget_mb', 'much');
  await page.applyField('budget_mb');
  expect(api.residencies).toHaveLength(1);
  page.settings.type('budget_mb', '');
  await page.applyField('budget_mb');
  expect(page.models.runProblem.value).toBeNull();
});

test('another context loads the model again, with that context', async () => {
  const loads = api.loads.length;
  page.settings.type('context_length', '512');
  await page.applyField('context_length');
  expect(api.loads).toHaveLength(loads + 1);
  expect(api.loadOptions.at(-1)).toMatchObject({ context_length: 512 });
  expect(api.residencies).toEqual([]);
});

test('a measurement gives the model its prediction, without another word to the user', async () => {
  const measuring = page.diagnostics.measure(['model']);
  api.predicted = residentPlan(53);
  api.diagnoses[0]!.end.resolve(benchReport());
  await measuring;
  expect(page.models.stage.value).toMatchObject({
    model: { plan: { prediction: { decode_tokens_per_second: 53 } } },
  });
});
