import { type TransferHandler, transferHandlers } from 'comlink';
import { fromWire, toWire, type WireError } from '../errors.ts';
// Each room registers its errors: `fromWire` can only build what it knows.
import '../bench/errors.ts';
import '../engine/errors.ts';
import '../formats/errors.ts';
import '../gpu/errors.ts';
import '../model/errors.ts';
import '../plan/errors.ts';
import '../store/errors.ts';
import './errors.ts';

/** What Comlink wraps an error in to send it. */
interface Thrown {
  readonly value: unknown;
}

/**
 * Lets errors cross the worker's boundary as what they are. Comlink's own handler keeps name and message only:
 * its place in the table is taken, its way to recognise an error is kept
 * (https://github.com/GoogleChromeLabs/comlink#transfer-handlers-and-event-listeners).
 */
export function sendTypedErrors(): void {
  const { canHandle } = transferHandlers.get('throw')!;
  const handler: TransferHandler<Thrown, WireError> = {
    canHandle: canHandle as TransferHandler<Thrown, WireError>['canHandle'],
    serialize: ({ value }) => [toWire(value), []],
    deserialize(wire) {
      throw fromWire(wire);
    },
  };
  transferHandlers.set('throw', handler);
}
