import { render } from 'preact';
import { App } from '../../../src/app/app.tsx';
import { markdownBlocks } from '../../../src/app/markdown.ts';
import { sanitize } from '../../../src/app/sanitize.ts';
import * as benchErrors from '../../../src/bench/errors.ts';
import * as engineErrors from '../../../src/engine/errors.ts';
import * as formatErrors from '../../../src/formats/errors.ts';
import * as gpuErrors from '../../../src/gpu/errors.ts';
import * as modelErrors from '../../../src/model/errors.ts';
import * as planErrors from '../../../src/plan/errors.ts';
import * as storeErrors from '../../../src/store/errors.ts';
import { benchReport, residentPlan } from '../../unit/app/bench_report.ts';
import {
  completePack,
  gate,
  LAYER_BYTES,
  PACK_ID,
  resultOf,
  ScriptedApi,
} from '../../unit/app/scripted_api.ts';

/** What the tests hold of the page: the engine's side of it. */
const scripted = {
  api: new ScriptedApi(),
  benchErrors,
  benchReport,
  completePack,
  engineErrors,
  formatErrors,
  gate,
  gpuErrors,
  modelErrors,
  planErrors,
  residentPlan,
  storeErrors,
  LAYER_BYTES,
  PACK_ID,
  resultOf,
  markdownBlocks,
  sanitize,
  /** Shows the page; what the first calls find is set before. */
  open: () => render(<App api={scripted.api} />, document.getElementById('app')!),
};

declare global {
  interface Window {
    scripted: typeof scripted;
  }
}

window.scripted = scripted;
