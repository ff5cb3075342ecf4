import { expose } from 'comlink';
import { LaminaWorker } from './lamina_worker.ts';
import { sendTypedErrors } from './wire.ts';

sendTypedErrors();
expose(new LaminaWorker(navigator.gpu));
