import { describe, expect, test } from 'vitest';
import { damagedFailure, failureOf, type Task } from '../../../src/app/failures.ts';
import { ContextLengthError } from '../../../src/engine/errors.ts';
import { fromWire, toWire } from '../../../src/errors.ts';
import {
  DeviceLostError,
  NoAdapterError,
  WebGpuUnavailableError,
} from '../../../src/gpu/errors.ts';
import { PackCorruptedError, StorageQuotaError } from '../../../src/store/errors.ts';
import { WorkerFailedError } from '../../../src/worker/errors.ts';

const DAMAGE = new PackCorruptedError({
  pack: 'p',
  files: [{ file: 'layer-007.bin', pieces: [0] }],
  layers: [7],
});

describe('a failure on the page', () => {
  test.each<[Task, Error, string, readonly string[]]>([
    ['start', new WebGpuUnavailableError(), 'Lamina needs WebGPU', ['reload-page']],
    ['start', new NoAdapterError(), 'Lamina needs a GPU', ['reload-page']],
    ['answer', new DeviceLostError({ reason: 'x' }), 'The GPU went away', ['answer-again']],
    ['load', new DeviceLostError({ reason: 'x' }), 'The GPU went away', ['reload-page']],
    [
      'import',
      new StorageQuotaError({ needed: 9, available: 1 }),
      'Not enough storage',
      ['import-again'],
    ],
    [
      'answer',
      new ContextLengthError({ tokens: 9, limit: 8 }),
      'The conversation is too long',
      ['new-chat'],
    ],
    ['answer', new WorkerFailedError({ reason: 'x' }), 'Lamina has stopped', ['reload-page']],
  ])('during "%s" of %s has a heading and a way on', (task, error, heading, remedies) => {
    expect(failureOf(error, task)).toEqual({
      name: error.name,
      heading,
      message: error.message,
      remedies,
    });
  });

  test('is the same for an error that crossed the worker’s boundary', () => {
    const error = new StorageQuotaError({ needed: 9, available: 1 });
    expect(failureOf(fromWire(toWire(error)), 'import')).toEqual(failureOf(error, 'import'));
  });

  test('of an error that is not Lamina’s own gets a sentence around it', () => {
    expect(failureOf(new TypeError('x is undefined.'), 'answer')).toEqual({
      name: 'TypeError',
      heading: 'The answer was interrupted',
      message:
        'Something unexpected happened (x is undefined). Load the page again; what is on disk and in this conversation stays.',
      remedies: ['answer-again'],
    });
  });

  test.each([[undefined], [null], [{}], [new Error('')], [' ']])(
    'of %o, which says nothing, is a whole sentence too',
    (thrown) => {
      expect(failureOf(thrown, 'import').message).toMatch(/^Something unexpected happened\. Load/);
    },
  );
});

describe('damage that the page cannot mend by itself', () => {
  test('asks for the file that the model came from', () => {
    const { message, remedies } = damagedFailure(DAMAGE, 'smol.gguf');
    expect(message).toBe(
      'Pack "p" is damaged and was not loaded: layer 7. Open “smol.gguf” again: only the damaged parts are read.',
    );
    expect(remedies).toEqual(['open-file']);
  });

  test('asks for it also where its name is not known', () => {
    expect(damagedFailure(DAMAGE, null).message).toContain('Open the file that it came from again');
  });
});
