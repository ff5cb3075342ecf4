import { LaminaError, registerErrors } from '../errors.ts';

/** What to do about bytes that are not what the format demands. */
const DAMAGED = 'The file is damaged or incomplete: download it again, or convert the model again.';

/** A range that is not inside its source was asked for. */
export class SourceRangeError extends LaminaError {
  constructor(details: { source: string; offset: number; length: number; size: number }) {
    const { source, offset, length, size } = details;
    super(
      `${source}: ${length} bytes from byte ${offset} are not inside its ${size} bytes. ${DAMAGED}`,
      details,
    );
  }
}

/** The disk or the browser refused to read. */
export class SourceReadError extends LaminaError {
  constructor(details: { source: string; reason: string }, cause?: unknown) {
    super(
      `${details.source} could not be read (${details.reason}). Check that the file is still there, unchanged and readable, then choose it again.`,
      details,
      cause,
    );
  }
}

/** There is no such file, or the server answers 404 or 410. */
export class SourceNotFoundError extends LaminaError {
  constructor(details: { source: string }) {
    super(`${details.source} was not found. Check the path or the address.`, details);
  }
}

/** The file has become another one since it was opened. */
export class SourceModifiedError extends LaminaError {
  declare readonly details: { source: string; expected: string; actual: string };

  /** `expected` and `actual` are versions, as in `ByteSource.version`. */
  constructor(details: { source: string; expected: string; actual: string }) {
    const { source, expected, actual } = details;
    super(
      `${source} changed while it was being read (it was ${expected}, now it is ${actual}). Start again, so that everything comes from one version.`,
      details,
    );
  }
}

/** The bytes of a file are not those that whoever keeps it says. */
export class SourceHashError extends LaminaError {
  /** `expected`, `actual`: SHA-256 in lower-case hex. */
  constructor(details: { source: string; expected: string; actual: string }) {
    const { source, expected, actual } = details;
    super(
      `${source} came as other bytes than it should have: their SHA-256 is ${actual}, and should be ${expected}. Nothing was kept; try again, and if it happens again, report it to whoever keeps the file.`,
      details,
    );
  }
}

/** Fewer bytes came than were asked for. */
export class SourceTruncatedError extends LaminaError {
  constructor(details: { source: string; offset: number; expected: number; received: number }) {
    const { source, offset, expected, received } = details;
    super(
      `${source}: only ${received} of ${expected} bytes came from byte ${offset}. Try again; if it happens at the same place, the file there is incomplete.`,
      details,
    );
  }
}

/** No answer, or one that broke off, also after several attempts. */
export class SourceNetworkError extends LaminaError {
  constructor(details: { source: string; reason: string }, cause?: unknown) {
    super(
      `${details.source} could not be fetched (${details.reason}). Check the network connection, and that the server allows requests from this page (CORS), then try again.`,
      details,
      cause,
    );
  }
}

/** The server answers with an error status. */
export class SourceHttpError extends LaminaError {
  /** `retryAfter`: seconds until the server wants to be asked again; null when it does not say. */
  constructor(details: { source: string; status: number; retryAfter: number | null }) {
    const { source, status } = details;
    super(`${source}: the server answered ${status}. ${httpRemedy(status)}`, details);
  }
}

function httpRemedy(status: number): string {
  if (status === 401 || status === 403) {
    return 'It wants a permission that Lamina does not have: give it an access token that has it, or download the file yourself and open it from your disk.';
  }
  if (status === 429) return 'It has had too many requests: wait a few minutes, then try again.';
  if (status >= 500) return 'It has a problem of its own: try again later.';
  return 'Check the address.';
}

/** The server cannot give a part of a file, or does not say which part it gave. */
export class RangeUnsupportedError extends LaminaError {
  constructor(details: { source: string; reason: string }) {
    super(
      `${details.source}: the server gives no byte ranges (${details.reason}). Use a server that answers Range requests and exposes Content-Range and ETag to other origins, or download the file and open it from your disk.`,
      details,
    );
  }
}

/** The bytes are no GGUF file at all. */
export class GgufMagicError extends LaminaError {
  /** `found`: the first bytes, at most four, as JSON. */
  constructor(details: { source: string; found: string }) {
    const { source, found } = details;
    const what = found === '""' ? 'the file is empty' : `it begins with ${found}`;
    super(
      `${source} is not a GGUF file: the magic "GGUF" is missing, ${what}. Choose a .gguf file; if it is one, download it again.`,
      details,
    );
  }
}

export class GgufVersionError extends LaminaError {
  constructor(details: { source: string; version: number; bigEndian: boolean }) {
    const { source, version, bigEndian } = details;
    super(
      bigEndian
        ? `${source} is a big-endian GGUF file (version ${version}), and only little-endian ones can be read. Convert the model for a little-endian machine.`
        : `${source} is GGUF version ${version}, and only versions 2 and 3 can be read. Convert the model with a current llama.cpp.`,
      details,
    );
  }
}

export type GgufSection = 'header' | 'key/values' | 'tensor infos' | 'tensor data';

/** The file ends too early. */
export class GgufTruncatedError extends LaminaError {
  /** `needed` bytes should follow byte `at`, and only `left` do; `tensor` is set in the tensor data. */
  constructor(details: {
    source: string;
    section: GgufSection;
    at: number;
    needed: number;
    left: number;
    tensor?: string;
  }) {
    const { source, section, at, needed, left, tensor } = details;
    const where = tensor === undefined ? section : `${section} of ${quote(tensor)}`;
    super(
      `${source} ends inside the ${where}: ${needed} bytes should follow byte ${at}, and only ${left} do. ${DAMAGED}`,
      details,
    );
  }
}

/** A count or a length is larger than what can follow it. */
export class GgufCountError extends LaminaError {
  /** `field`: which count; `count`: in decimal, as it may be beyond 2^53; `most`: the largest that can be true. */
  constructor(details: { source: string; field: string; at: number; count: string; most: number }) {
    const { source, field, at, count, most } = details;
    super(
      `${source}: the ${field} at byte ${at} is ${count}, and at most ${most} can follow there. ${DAMAGED}`,
      details,
    );
  }
}

/** All that comes before the tensor data is larger than any model needs. */
export class GgufHeaderSizeError extends LaminaError {
  /** `most`: bytes that keys, values and tensor infos may take. */
  constructor(details: { source: string; most: number }) {
    const { source, most } = details;
    super(
      `${source}: the keys, values and tensor infos take more than ${most} bytes, more than any model needs. ${DAMAGED}`,
      details,
    );
  }
}

/** A key occurs twice, or is no text. */
export class GgufKeyError extends LaminaError {
  constructor(details: { source: string; key: string; reason: string }) {
    const { source, key, reason } = details;
    super(`${source}: the key ${quote(key)} ${reason}. Convert the model again.`, details);
  }
}

/** A metadata value is of no known type, or is not a value of its type. */
export class GgufValueError extends LaminaError {
  constructor(details: { source: string; key: string; at: number; reason: string }) {
    const { source, key, at, reason } = details;
    super(`${source}: the value of ${quote(key)} at byte ${at} ${reason}. ${DAMAGED}`, details);
  }
}

export class GgufAlignmentError extends LaminaError {
  constructor(details: { source: string; found: string }) {
    const { source, found } = details;
    super(
      `${source}: the alignment (general.alignment) must be a uint32, a power of two and at least 8; it is ${found}. Convert the model again.`,
      details,
    );
  }
}

/** A GGUF file is one of several, and they do not fit together. */
export class GgufSplitError extends LaminaError {
  constructor(details: { source: string; reason: string }) {
    super(
      `${details.source} is a part of a model, and ${details.reason}. Put all its files into one folder under their own names (…-00001-of-0000N.gguf), and open that.`,
      details,
    );
  }
}

/** The header of a safetensors file is not what the format demands. */
export class SafetensorsHeaderError extends LaminaError {
  constructor(details: { source: string; reason: string }) {
    super(
      `${details.source} is not a readable safetensors file: its header ${details.reason}. Choose a .safetensors file; if it is one, download it again.`,
      details,
    );
  }
}

/** A safetensors file ends too early. */
export class SafetensorsTruncatedError extends LaminaError {
  /** `needed` bytes should be there up to the end of `part`, and only `left` are. */
  constructor(details: { source: string; part: string; needed: number; left: number }) {
    const { source, part, needed, left } = details;
    super(
      `${source} ends inside ${part}: ${needed} bytes are needed, and only ${left} are there. ${DAMAGED}`,
      details,
    );
  }
}

/** The index of a checkpoint in several files is not what its files are. */
export class ShardIndexError extends LaminaError {
  constructor(details: { source: string; reason: string }) {
    super(
      `${details.source} ${details.reason}. Download the index and all its .safetensors files again, from one version of the model.`,
      details,
    );
  }
}

/** A document beside the weights (config.json, tokenizer.json …) cannot be read. */
export class DocumentError extends LaminaError {
  constructor(details: { source: string; reason: string }) {
    super(`${details.source} ${details.reason}. Download it again.`, details);
  }
}

/** A model hub's list of files is not what it should be. */
export class HubListingError extends LaminaError {
  constructor(details: { source: string; reason: string }) {
    super(
      `The model hub's list of files, ${details.source}, ${details.reason}. Check the hub's address and the model's name, or try again later.`,
      details,
    );
  }
}

/** A folder or a repository has no checkpoint that can be read. */
export class CheckpointNotFoundError extends LaminaError {
  /** `files`: what is there instead; null: it cannot be listed, and the usual names are not there. */
  constructor(details: { source: string; files: readonly string[] | null }) {
    const { source, files } = details;
    const there =
      files === null
        ? 'Its files cannot be listed, and there is no model.safetensors: name the file'
        : `It has ${files.length === 0 ? 'no file at all' : `only ${some(files)}`}: choose a model in one of these formats, or convert it`;
    super(`${source} has no .gguf or .safetensors file that was found. ${there}.`, details);
  }
}

/** A folder or a repository has several checkpoints. */
export class CheckpointAmbiguousError extends LaminaError {
  constructor(details: { source: string; files: readonly string[] }) {
    const { source, files } = details;
    super(`${source} has more than one model: ${some(files)}. Name one of these files.`, details);
  }
}

/** A tensor has no name, or that of another one. */
export class TensorNameError extends LaminaError {
  /** `index` counts from 1. */
  constructor(details: { source: string; index: number; count: number; reason: string }) {
    const { source, index, count, reason } = details;
    super(
      `${source}: the name of tensor ${index} (of a tensor count of ${count}) ${reason}. ${DAMAGED}`,
      details,
    );
  }
}

/** A tensor's dims are impossible, or do not fit its type. */
export class TensorDimsError extends LaminaError {
  constructor(details: { source: string; tensor: string; reason: string }) {
    const { source, tensor, reason } = details;
    super(`${source}: the dims of ${quote(tensor)} ${reason}. Convert the model again.`, details);
  }
}

/** A tensor is stored in a way that Lamina does not know. */
export class TensorTypeError extends LaminaError {
  /** `type`: the name of the type, null when the number is no known one; `ggml_type` is null where types have no numbers. */
  constructor(details: {
    source: string;
    tensor: string;
    ggml_type: number | null;
    type: string | null;
    removed: boolean;
    supported: readonly string[];
  }) {
    const { source, tensor, ggml_type, type, removed, supported } = details;
    const number = ggml_type === null ? type : `${ggml_type} (${type})`;
    const name = type === null ? `${ggml_type}, which is unknown` : number;
    const state = removed ? ', which was removed from the format' : '';
    super(
      `${source}: the type of ${quote(tensor)} is ${name}${state}. Choose a file of the same model with ${inWords(supported)} tensors only.`,
      details,
    );
  }
}

/** A tensor lies where it cannot lie. */
export class TensorOffsetError extends LaminaError {
  /** `offset`: as in the file, counted from the start of the tensor data, in decimal as it may be beyond 2^53. */
  constructor(details: { source: string; tensor: string; offset: string; reason: string }) {
    const { source, tensor, offset, reason } = details;
    super(`${source}: the offset of ${quote(tensor)}, ${offset}, ${reason}. ${DAMAGED}`, details);
  }
}

/** A name out of an untrusted file: control characters escaped, and no page of text. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

/** The first few of many. */
function some(names: readonly string[]): string {
  const shown = names.slice(0, 20).map(quote).join(', ');
  return names.length > 20 ? `${shown} and ${names.length - 20} more` : shown;
}

function inWords(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

registerErrors({
  SourceRangeError,
  SourceReadError,
  SourceNotFoundError,
  SourceModifiedError,
  SourceHashError,
  SourceTruncatedError,
  SourceNetworkError,
  SourceHttpError,
  RangeUnsupportedError,
  GgufMagicError,
  GgufVersionError,
  GgufTruncatedError,
  GgufCountError,
  GgufHeaderSizeError,
  GgufKeyError,
  GgufValueError,
  GgufAlignmentError,
  GgufSplitError,
  SafetensorsHeaderError,
  SafetensorsTruncatedError,
  ShardIndexError,
  DocumentError,
  HubListingError,
  CheckpointNotFoundError,
  CheckpointAmbiguousError,
  TensorNameError,
  TensorDimsError,
  TensorTypeError,
  TensorOffsetError,
});
