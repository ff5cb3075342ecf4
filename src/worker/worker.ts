import { expose } from 'comlink';
import { sendAbortSignals } from './abort_signals.ts';
import { LaminaWorker } from './lamina_worker.ts';
import { sendTypedErrors } from './wire.ts';

sendTypedErrors();
sendAbortSignals();
expose(new LaminaWorker(navigator.gpu));
