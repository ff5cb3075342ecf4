/** Something that the person at the keyboard can mend: the message says what happened, and how. */
export class ScriptError extends Error {
  /**
   * @param {string} message
   * @param {{ cause?: unknown, exitCode?: number }} [options] `exitCode` 2: the command line is wrong
   */
  constructor(message, { cause, exitCode = 1 } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ScriptError';
    this.exitCode = exitCode;
  }
}

/**
 * Why something failed, as far as a library tells: Node's `fetch` hides it in the cause.
 * @param {unknown} error
 * @returns {string}
 */
export function reasonOf(error) {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}
