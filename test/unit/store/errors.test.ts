import { expect, test } from 'vitest';
import { fromWire, type LaminaError, toWire } from '../../../src/errors.ts';
import * as errors from '../../../src/store/errors.ts';

const EXAMPLES: readonly LaminaError[] = [
  new errors.StorageQuotaError({ needed: 98_400_000, available: 60_000_000 }),
  new errors.StorageQuotaError({ needed: 98_400_000, available: null }),
  new errors.StorageUnavailableError({ reason: 'SecurityError' }),
  new errors.StoreNameError({ name: '../a' }),
  new errors.StoreLockedError({ pack: 'smollm2', file: 'layer-003.bin' }),
  new errors.PackNotFoundError({ pack: 'smollm2' }),
  new errors.PackIncompleteError({ pack: 'smollm2' }),
  new errors.PackFileMissingError({ pack: 'smollm2', file: 'layer-003.bin' }),
  new errors.PackFileTruncatedError({
    pack: 'smollm2',
    file: 'layer-003.bin',
    at: 512,
    wanted: 256,
    size: 600,
  }),
  new errors.PackCorruptedError({
    pack: 'smollm2',
    files: [{ file: 'layer-003.bin', pieces: [0] }],
    layers: [3],
  }),
  new errors.ManifestInvalidError({ pack: 'smollm2', field: 'head.bytes', reason: 'is missing' }),
  new errors.HashThreadError({ reason: 'out of memory' }),
  new errors.ImportCancelledError({ pack: 'smollm2' }),
  new errors.ArchiveError({ archive: 'smollm2.tar', reason: 'it ends too early' }),
  new errors.PackExistsError({ pack: 'smollm2' }),
  new errors.QuantizeTypeError({ wanted: 'IQ1_S', allowed: ['Q8_0', 'Q4_0'] }),
  new errors.WeightNotFiniteError({ tensor: 'output.weight', type: 'Q4_0' }),
  ...[true, false].map(
    (finished) =>
      new errors.SourceChangedError({
        pack: 'smollm2',
        expected: '"a.gguf"',
        actual: '"b.gguf"',
        finished,
      }),
  ),
];

test('every class of this room has an example here', () => {
  const classes = Object.values(errors).filter((value) => typeof value === 'function');
  expect(new Set(EXAMPLES.map((error) => error.constructor))).toEqual(new Set(classes));
});

test.each(EXAMPLES)('$name crosses a worker boundary as what it is', (error) => {
  const copy = fromWire(structuredClone(toWire(error)));
  expect(copy).toBeInstanceOf(error.constructor);
  expect(copy).toMatchObject({ name: error.name, message: error.message, details: error.details });
});

test('messages say what is wrong, where, and what to do', () => {
  expect(EXAMPLES.map(({ message }) => message)).toMatchInlineSnapshot(`
    [
      "38400000 bytes (38.4 MB) of storage are missing: 98400000 bytes (98.4 MB) are still to be written, 60000000 bytes (60.0 MB) are free. Remove another model, or free space on the disk; the import then goes on where it stopped.",
      "The storage is full, and 98400000 bytes (98.4 MB) are still to be written. Remove another model, or free space on the disk; the import then goes on where it stopped.",
      "This browser gives the page no storage (SecurityError). Leave private browsing, allow site data for this page, and load it again.",
      ""../a" is no name for a pack or a file: use 1 to 128 letters, digits, dots, hyphens and underscores, starting with a letter or digit and not ending with ".part".",
      ""layer-003.bin" of pack "smollm2" is in use by another tab. Close the other tabs that use this model, and try again.",
      "There is no pack "smollm2". Import the model first.",
      "The import of pack "smollm2" has not ended. Import the same model again: it goes on from the files that are there.",
      "Pack "smollm2" has no file "layer-003.bin". Import the model again: only what is missing is read.",
      ""layer-003.bin" of pack "smollm2" is too short: 256 bytes wanted from byte 512, and it has 600. Import the model again: only the damaged files are read.",
      "Pack "smollm2" is damaged and was not loaded: layer 3. Import the same model again: only the damaged files are read.",
      "The manifest of pack "smollm2" is not valid: head.bytes is missing. Import the model again.",
      "A thread that checks the model's files failed: out of memory. Load the page again; if it happens again, close other tabs, which frees memory.",
      "The import was cancelled. Import the same model again: it goes on from the files that are done.",
      "smollm2.tar is not an exported model that can be read: it ends too early. Export the model again, or import it from where it came.",
      "There is a pack "smollm2" already. Remove it first, or keep it.",
      "An import cannot quantize to "IQ1_S": choose one of Q8_0, Q4_0.",
      ""output.weight" has a value that is no finite number and cannot be quantized to Q4_0. Import the model without quantizing, or fetch the checkpoint again.",
      "Pack "smollm2" was made from "a.gguf", not from "b.gguf". Remove the pack first, or import this source as a pack of its own.",
      "The source of pack "smollm2" changed while it was imported: it was "a.gguf", now it is "b.gguf". Nothing was kept; import the model again, so that everything comes from one version.",
    ]
  `);
});
