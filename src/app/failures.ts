import { LaminaError } from '../errors.ts';

/** What the user can do about a failure, as buttons. */
export type Remedy =
  | 'reload-page'
  | 'reload-engine'
  | 'import-again'
  | 'open-file'
  | 'answer-again'
  | 'new-chat';

/** An error in words for the page. */
export interface Failure {
  /** The error's class. */
  readonly name: string;
  readonly heading: string;
  /** What happened, and what to do. */
  readonly message: string;
  readonly remedies: readonly Remedy[];
}

/** What was being done when it failed. */
export type Task = 'start' | 'import' | 'load' | 'answer' | 'remove';

/** Errors that mean the same whatever was being done. */
const HEADINGS: Readonly<Record<string, string>> = {
  WebGpuUnavailableError: 'Lamina needs WebGPU',
  NoAdapterError: 'Lamina needs a GPU',
  DeviceLostError: 'The GPU went away',
  WorkerFailedError: 'Lamina has stopped',
  GpuOutOfMemoryError: 'The GPU is out of memory',
  StorageQuotaError: 'Not enough storage',
  StorageUnavailableError: 'No storage for this page',
  StoreLockedError: 'In use by another tab',
  PackCorruptedError: 'The model on disk is damaged',
  ContextLengthError: 'The conversation is too long',
  PackExistsError: 'The model is on this device already',
  CatalogueError: 'The list of models is missing',
};

const TASK_HEADINGS: Readonly<Record<Task, string>> = {
  start: 'Lamina could not start',
  import: 'The model could not be imported',
  load: 'The model could not be loaded',
  answer: 'The answer was interrupted',
  remove: 'The model could not be removed',
};

const TASK_REMEDIES: Readonly<Record<Task, readonly Remedy[]>> = {
  start: ['reload-page'],
  import: ['import-again'],
  load: ['reload-page'],
  answer: ['answer-again'],
  remove: [],
};

const REMEDIES: Readonly<Record<string, readonly Remedy[]>> = {
  ContextLengthError: ['new-chat'],
  WorkerFailedError: ['reload-page'],
};

/** What helps against an error of this class. */
export function remediesFor(name: string, task: Task): readonly Remedy[] {
  return REMEDIES[name] ?? TASK_REMEDIES[task];
}

/** An error as the page tells it. Errors that are not Lamina's own get a sentence around them. */
export function failureOf(error: unknown, task: Task): Failure {
  const name = error instanceof Error ? error.name : 'Error';
  return {
    name,
    heading: HEADINGS[name] ?? TASK_HEADINGS[task],
    message: error instanceof LaminaError ? error.message : unexpected(error),
    remedies: remediesFor(name, task),
  };
}

function unexpected(error: unknown): string {
  const said = error instanceof Error ? error.message : typeof error === 'string' ? error : '';
  const reason = said.trim().replace(/[.:]$/, '');
  return `Something unexpected happened${reason ? ` (${reason})` : ''}. Load the page again; what is on disk and in this conversation stays.`;
}

/** Browsers give neither WebGPU nor private storage to a page that came over plain http. */
export const INSECURE_PAGE: Failure = {
  name: 'InsecureContext',
  heading: 'This page needs a secure connection',
  message:
    'It was opened over plain http from another machine, and browsers then give it neither the GPU nor storage. Open it over https, or as http://localhost on the machine that serves it.',
  remedies: [],
};

/** The page was closed or loaded again in mid-answer. */
export const INTERRUPTED: Failure = {
  name: 'Interrupted',
  heading: TASK_HEADINGS.answer,
  message: 'The page was closed while this answer was being written.',
  remedies: TASK_REMEDIES.answer,
};

/** The device went away under a model that is loaded. @param message the DeviceLostError's */
export function lostFailure(message: string): Failure {
  const name = 'DeviceLostError';
  return { name, heading: HEADINGS[name]!, message, remedies: ['reload-engine'] };
}

/** The model does not run as it is set; it was loaded in the way that takes the least memory. */
export function shortageFailure(error: LaminaError): Failure {
  const heading = 'The model runs one layer at a time';
  return { name: error.name, heading, message: error.message, remedies: [] };
}

/** The pack is damaged and the page does not know a URL from which to mend it. */
export function damagedFailure(error: LaminaError, fileName: string | null): Failure {
  const wanted = fileName === null ? 'the file that it came from' : `“${fileName}”`;
  return {
    ...failureOf(error, 'load'),
    message: `${error.message.replace(/ Import the same model again.*$/, '')} Open ${wanted} again: only the damaged parts are read.`,
    remedies: ['open-file'],
  };
}
