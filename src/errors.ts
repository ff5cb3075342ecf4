/** What an error carries besides its message: plain data, so that it can cross a worker boundary. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

type ErrorClass = new (details: never) => LaminaError;

const classes = new Map<string, ErrorClass>();

/**
 * The base of every error that Lamina throws on purpose: one class per cause, the remedy in the
 * message. A subclass is built from one plain object, so `{ name, details }` is enough to build the
 * same error, `instanceof` included, on the other side of a worker boundary.
 */
export class LaminaError extends Error {
  readonly details: ErrorDetails;

  constructor(message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.details = details;
  }
}

/** Names a room's error classes once, so that `fromWire` can rebuild them. */
export function registerErrors(group: Record<string, ErrorClass>): void {
  for (const [name, errorClass] of Object.entries(group)) {
    // Bundlers rename classes; the registered name is the one that travels.
    Object.defineProperty(errorClass, 'name', { value: name });
    classes.set(name, errorClass);
  }
}

/** An error as structured-cloneable data. */
export interface WireError {
  name: string;
  message: string;
  details: ErrorDetails;
  stack: string | undefined;
}

export function toWire(error: unknown): WireError {
  if (error instanceof LaminaError) {
    const { name, message, details, stack } = error;
    return { name, message, details, stack };
  }
  if (error instanceof Error || error instanceof DOMException) {
    return { name: error.name, message: error.message, details: {}, stack: error.stack };
  }
  return { name: 'Error', message: String(error), details: {}, stack: undefined };
}

export function fromWire(wire: WireError): Error {
  const errorClass = classes.get(wire.name);
  const error = errorClass ? new errorClass(wire.details as never) : new Error(wire.message);
  error.message = wire.message;
  error.name = wire.name;
  if (wire.stack) error.stack = wire.stack;
  return error;
}
