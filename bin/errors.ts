import { LaminaError, registerErrors } from '../src/errors.ts';

/** Neither a GPU nor a software driver. */
export class NoDawnAdapterError extends LaminaError {
  /** `driver`: the software driver that was tried; null when there is none. */
  constructor(details: { driver: string | null }) {
    const tried = details.driver === null ? 'there is no SwiftShader' : `${details.driver} failed`;
    super(
      `No graphics adapter for WebGPU: no GPU driver was found, and ${tried}. Install the driver of your GPU, or a Chromium with its software driver (on Debian: apt-get install chromium-headless-shell libvulkan1).`,
      details,
    );
  }
}

/** The command line is not one that Lamina knows. */
export class UsageError extends LaminaError {
  constructor(details: { reason: string }) {
    super(`${details.reason}. "lamina --help" shows how.`, details);
  }
}

/** There is neither a file nor a pack of this name, and it names nothing elsewhere. */
export class ModelNotFoundError extends LaminaError {
  constructor(details: { model: string }) {
    super(
      `There is no model "${details.model}": give the path of a .gguf or .safetensors file, a folder, an address, a repository of the hub (owner/name), the name of an imported pack, or leave it out for the default model.`,
      details,
    );
  }
}

/** The default model is not here and could not be fetched. */
export class DefaultModelError extends LaminaError {
  /** `reason` is a sentence that says what to do. */
  constructor(details: { reason: string }) {
    super(details.reason, details);
  }
}

/** A file would not fit on the disk. */
export class DiskSpaceError extends LaminaError {
  /** `needed`, `available`: bytes. */
  constructor(details: { file: string; needed: number; available: number }) {
    const { file, needed, available } = details;
    const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
    super(
      `${file} takes ${megabytes(needed)}, and ${megabytes(available)} are free there. Free space on the disk, or choose another place or a smaller model.`,
      details,
    );
  }
}

/** A file that a command should write cannot be written there. */
export class OutputFileError extends LaminaError {
  constructor(details: { file: string; reason: string }) {
    super(
      `${details.file} cannot be written (${details.reason}). Make its folder, or name another file.`,
      details,
    );
  }
}

/** A text that a command should read is none, or too short for it. */
export class InputFileError extends LaminaError {
  constructor(details: { file: string; reason: string }) {
    super(
      `${details.file} cannot be read as a text (${details.reason}). Name a file of UTF-8 text.`,
      details,
    );
  }
}

registerErrors({
  NoDawnAdapterError,
  UsageError,
  ModelNotFoundError,
  DefaultModelError,
  DiskSpaceError,
  OutputFileError,
  InputFileError,
});
