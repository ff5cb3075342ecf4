import { beforeEach, expect, test, vi } from 'vitest';
import {
  createDiagnosticsState,
  type DiagnosticsState,
} from '../../../src/app/diagnostics_state.ts';
import { BenchCancelledError } from '../../../src/bench/errors.ts';
import { EngineBusyError } from '../../../src/engine/errors.ts';
import { WorkerFailedError } from '../../../src/worker/errors.ts';
import { benchReport } from './bench_report.ts';
import { ScriptedApi } from './scripted_api.ts';

let api: ScriptedApi;
let diagnostics: DiagnosticsState;
const onEnded = vi.fn(async () => undefined);

beforeEach(() => {
  api = new ScriptedApi();
  onEnded.mockClear();
  diagnostics = createDiagnosticsState(api, onEnded);
});

test('a measurement of the chosen parts tells how far it is, and ends in a report', async () => {
  const measuring = diagnostics.measure(['ring', 'model']);
  const [running] = api.diagnoses;
  expect(running!.parts).toEqual(['ring', 'model']);
  // There is something to see before the first step.
  expect(diagnostics.progress.value).toMatchObject({ done: 0 });
  running!.progress({ name: '6 pieces of 4 MiB', done: 2, of: 9 });
  expect(diagnostics.progress.value).toEqual({ name: '6 pieces of 4 MiB', done: 2, of: 9 });
  const report = benchReport();
  running!.end.resolve(report);
  await measuring;
  expect(diagnostics.report.value).toBe(report);
  expect(diagnostics.progress.value).toBeNull();
  expect(onEnded).toHaveBeenCalledOnce();
});

test('only one runs at a time', async () => {
  void diagnostics.measure(['ring']);
  await diagnostics.measure(['kernels']);
  expect(api.diagnoses).toHaveLength(1);
});

test('one that is stopped ends without a complaint, and frees the engine', async () => {
  const measuring = diagnostics.measure(['ring']);
  await diagnostics.stop();
  expect(api.stops).toBe(1);
  expect(diagnostics.stopping.value).toBe(true);
  api.diagnoses[0]!.end.reject(new BenchCancelledError());
  await measuring;
  expect(diagnostics.stopping.value).toBe(false);
  expect(diagnostics.progress.value).toBeNull();
  expect(diagnostics.problem.value).toBeNull();
  expect(diagnostics.report.value).toBeNull();
  expect(onEnded).toHaveBeenCalledOnce();
});

test('stopping nothing leaves an answer alone', async () => {
  await diagnostics.stop();
  expect(api.stops).toBe(0);
});

test('stopping in a worker that is gone is no error of its own', async () => {
  void diagnostics.measure(['ring']);
  api.stop = () => Promise.reject(new WorkerFailedError({ reason: 'out of memory' }));
  await expect(diagnostics.stop()).resolves.toBeUndefined();
});

test('one that fails says why and keeps the report before it; the next one takes the reason away', async () => {
  const first = diagnostics.measure(['ring']);
  const report = benchReport();
  api.diagnoses[0]!.end.resolve(report);
  await first;
  const second = diagnostics.measure(['ring']);
  const busy = new EngineBusyError();
  api.diagnoses[1]!.end.reject(busy);
  await second;
  expect(diagnostics.problem.value).toBe(busy.message);
  expect(diagnostics.report.value).toBe(report);
  expect(diagnostics.progress.value).toBeNull();
  expect(onEnded).toHaveBeenCalledOnce();
  void diagnostics.measure(['ring']);
  expect(diagnostics.problem.value).toBeNull();
});
