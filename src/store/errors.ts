import { LaminaError, registerErrors } from '../errors.ts';

/** The store has no room for what is to be written. */
export class StorageQuotaError extends LaminaError {
  /** `needed`: bytes still to be written; `available`: bytes that are free, null when the platform does not say. */
  constructor(details: { needed: number; available: number | null }) {
    const { needed, available } = details;
    // A disk may be full although the platform names free bytes: then nobody knows how many are missing.
    const shortage =
      available === null || available >= needed
        ? `The storage is full, and ${inWords(needed)} are still to be written.`
        : `${inWords(needed - available)} of storage are missing: ${inWords(needed)} are still to be written, ${inWords(available)} are free.`;
    super(
      `${shortage} Remove another model, or free space on the disk; the import then goes on where it stopped.`,
      details,
    );
  }
}

/** The browser gives this page no storage at all. */
export class StorageUnavailableError extends LaminaError {
  constructor(details: { reason: string }) {
    super(
      `This browser gives the page no storage (${details.reason}). Leave private browsing, allow site data for this page, and load it again.`,
      details,
    );
  }
}

/** A pack or a file has a name that could lead out of the store. */
export class StoreNameError extends LaminaError {
  constructor(details: { name: string }) {
    super(
      `"${details.name}" is no name for a pack or a file: use 1 to 128 letters, digits, dots, hyphens and underscores, starting with a letter or digit and not ending with ".part".`,
      details,
    );
  }
}

/** Another tab holds the file, or is writing it at the same time. */
export class StoreLockedError extends LaminaError {
  constructor(details: { pack: string; file: string }) {
    super(
      `"${details.file}" of pack "${details.pack}" is in use by another tab. Close the other tabs that use this model, and try again.`,
      details,
    );
  }
}

/** There is no pack of this name. */
export class PackNotFoundError extends LaminaError {
  constructor(details: { pack: string }) {
    super(`There is no pack "${details.pack}". Import the model first.`, details);
  }
}

/** A pack without its manifest: an import that has not ended. */
export class PackIncompleteError extends LaminaError {
  constructor(details: { pack: string }) {
    super(
      `The import of pack "${details.pack}" has not ended. Import the same model again: it goes on from the files that are there.`,
      details,
    );
  }
}

export class PackFileMissingError extends LaminaError {
  constructor(details: { pack: string; file: string }) {
    super(
      `Pack "${details.pack}" has no file "${details.file}". Import the model again: only what is missing is read.`,
      details,
    );
  }
}

/** A file ends before a range that should be in it. */
export class PackFileTruncatedError extends LaminaError {
  constructor(details: { pack: string; file: string; at: number; wanted: number; size: number }) {
    const { pack, file, at, wanted, size } = details;
    super(
      `"${file}" of pack "${pack}" is too short: ${wanted} bytes wanted from byte ${at}, and it has ${size}. Import the model again: only the damaged files are read.`,
      details,
    );
  }
}

/** A file whose content is not what its manifest says. */
export interface DamagedFile {
  readonly file: string;
  /** Indices of the pieces that are not; null when the file is missing or has another size. */
  readonly pieces: readonly number[] | null;
}

export class PackCorruptedError extends LaminaError {
  /** `layers`: indices of the damaged layers. */
  constructor(details: {
    pack: string;
    files: readonly DamagedFile[];
    layers: readonly number[];
  }) {
    const { pack, files, layers } = details;
    const others = files.map(({ file }) => file).filter((file) => !/^layer-\d+\.bin$/.test(file));
    const named = [...layers.map((layer) => `layer ${layer}`), ...others].join(', ');
    super(
      `Pack "${pack}" is damaged and was not loaded: ${named}. Import the same model again: only the damaged files are read.`,
      details,
    );
  }
}

export class ManifestInvalidError extends LaminaError {
  /** `field`: where in manifest.json, such as `layers[3].tensors[0].shape`. */
  constructor(details: { pack: string; field: string; reason: string }) {
    super(
      `The manifest of pack "${details.pack}" is not valid: ${details.field || 'the file'} ${details.reason}. Import the model again.`,
      details,
    );
  }
}

/** A thread that checks files did not start, or stopped. */
export class HashThreadError extends LaminaError {
  constructor(details: { reason: string }) {
    super(
      `A thread that checks the model's files failed: ${details.reason}. Load the page again; if it happens again, close other tabs, which frees memory.`,
      details,
    );
  }
}

export class ImportCancelledError extends LaminaError {
  /** `pack`: null when nothing has been read yet. */
  constructor(details: { pack: string | null }) {
    super(
      'The import was cancelled. Import the same model again: it goes on from the files that are done.',
      details,
    );
  }
}

/** A pack would be made of two checkpoints. */
export class SourceChangedError extends LaminaError {
  /** `finished`: the pack is whole and would be mended from another source; else its source changed during the import. */
  constructor(details: { pack: string; expected: string; actual: string; finished: boolean }) {
    const { pack, expected, actual, finished } = details;
    super(
      finished
        ? `Pack "${pack}" was made from ${expected}, not from ${actual}. Remove the pack first, or import this source as a pack of its own.`
        : `The source of pack "${pack}" changed while it was imported: it was ${expected}, now it is ${actual}. Nothing was kept; import the model again, so that everything comes from one version.`,
      details,
    );
  }
}

/** A file is no exported model, or one that has been damaged. */
export class ArchiveError extends LaminaError {
  constructor(details: { archive: string; reason: string }) {
    super(
      `${details.archive} is not an exported model that can be read: ${details.reason}. Export the model again, or import it from where it came.`,
      details,
    );
  }
}

/** A pack would take the place of another one. */
export class PackExistsError extends LaminaError {
  constructor(details: { pack: string }) {
    super(`There is a pack "${details.pack}" already. Remove it first, or keep it.`, details);
  }
}

/** A type that an import does not make. */
export class QuantizeTypeError extends LaminaError {
  constructor(details: { wanted: string; allowed: readonly string[] }) {
    const { wanted, allowed } = details;
    super(
      `An import cannot quantize to "${wanted}": choose one of ${allowed.join(', ')}.`,
      details,
    );
  }
}

/** A block has one scale for all of its values: one that is not finite would spoil the others. */
export class WeightNotFiniteError extends LaminaError {
  constructor(details: { tensor: string; type: string }) {
    const { tensor, type } = details;
    super(
      `"${tensor}" has a value that is no finite number and cannot be quantized to ${type}. Import the model without quantizing, or fetch the checkpoint again.`,
      details,
    );
  }
}

/** Bytes, and a number that people can read. */
function inWords(bytes: number): string {
  return `${bytes} bytes (${(bytes / 1e6).toFixed(1)} MB)`;
}

registerErrors({
  StorageQuotaError,
  StorageUnavailableError,
  StoreNameError,
  StoreLockedError,
  PackNotFoundError,
  PackIncompleteError,
  PackFileMissingError,
  PackFileTruncatedError,
  PackCorruptedError,
  ManifestInvalidError,
  HashThreadError,
  ImportCancelledError,
  SourceChangedError,
  ArchiveError,
  PackExistsError,
  QuantizeTypeError,
  WeightNotFiniteError,
});
