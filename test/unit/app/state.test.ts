import { beforeEach, expect, test, vi } from 'vitest';
import { createState, type PageState } from '../../../src/app/state.ts';
import { BenchCancelledError } from '../../../src/bench/errors.ts';
import { EngineBusyError } from '../../../src/engine/errors.ts';
import { DeviceLostError } from '../../../src/gpu/errors.ts';
import { BudgetTooSmallError } from '../../../src/plan/errors.ts';
import type { BenchReport } from '../../../src/worker/protocol.ts';
import { FakeStorage } from './fake_storage.ts';
import { completePack, LAYER_BYTES, PACK_ID, resultOf, ScriptedApi } from './scripted_api.ts';

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
  const opened = page.openModel(new File(['x'], 'bad.gguf'));
  await vi.waitUntil(() => api.imports.length === 1);
  api.imports[0]!.end.reject(new Error('not a GGUF file'));
  await opened;
  expect(page.chat.figures.value).toEqual(residence);
  await page.usePack('other', 'other');
  expect(page.chat.figures.value.bytesRead).toBe(0);
});

test.each([
  ['another model is opened', () => page.openModel(new File(['x'], 'a.gguf'))],
  ['another model is used', () => page.usePack('other', 'other')],
  ['the model is removed', () => page.removePack(PACK_ID)],
])('an answer is stopped when %s', async (_, action) => {
  await ask('Why?');
  void action();
  await vi.waitUntil(() => api.stops === 1);
});

test('with the whole model on the GPU it is loaded again, and the conversation stays', async () => {
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

test('a model that the set limit does not hold is loaded one layer at a time, and the page says so', async () => {
  page.settings.type('budget_mb', '1');
  api.loadErrors.push(new BudgetTooSmallError({ budget: 1e6, needed: 9e6 }));
  await page.usePack('other', 'other');
  expect(page.models.stage.value).toMatchObject({ kind: 'ready', model: { residency: 'strict' } });
  expect(page.models.runProblem.value).toContain('takes 9 MB');
});

test('another context loads the model again', async () => {
  const loads = api.loads.length;
  page.settings.type('context_length', '512');
  await page.applyField('context_length');
  expect(api.loads).toHaveLength(loads + 1);
});

test('a measurement is shown, and the model is asked for its prediction anew', async () => {
  const measuring = page.diagnostics.measure(['ring']);
  expect(page.diagnostics.progress.value).not.toBeNull();
  const report = { adapter: (await api.environment()).adapter } as BenchReport;
  api.diagnosis.resolve(report);
  await measuring;
  expect(page.diagnostics.report.value).toBe(report);
  expect(page.diagnostics.progress.value).toBeNull();
  expect(api.residencies).toHaveLength(1);
});

test.each([
  { error: new BenchCancelledError(), problem: null },
  { error: new EngineBusyError(), problem: new EngineBusyError().message },
])('a measurement that ends with $error.name tells $problem', async ({ error, problem }) => {
  const measuring = page.diagnostics.measure(['ring']);
  await page.diagnostics.stop();
  expect(api.stops).toBe(1);
  api.diagnosis.reject(error);
  await measuring;
  expect(page.diagnostics.problem.value).toBe(problem);
  expect(page.diagnostics.report.value).toBeNull();
});
