import { expect, test } from 'vitest';
import { fromWire, LaminaError, toWire } from '../../../src/errors.ts';
import * as errors from '../../../src/formats/errors.ts';

const source = 'model.gguf';
const weights = 'model.safetensors';
const url = 'https://example.org/model.gguf';
const supported = ['F32', 'F16', 'Q8_0'];

const EXAMPLES: readonly LaminaError[] = [
  new errors.SourceRangeError({ source, offset: 90, length: 20, size: 100 }),
  new errors.SourceReadError({ source, reason: 'NotReadableError' }),
  new errors.SourceNotFoundError({ source: url }),
  new errors.SourceModifiedError({ source: url, expected: '"v1"', actual: '"v2"' }),
  new errors.SourceHashError({ source: url, expected: 'ab', actual: 'cd' }),
  new errors.SourceTruncatedError({ source: url, offset: 512, expected: 256, received: 100 }),
  new errors.SourceNetworkError({ source: url, reason: 'fetch failed' }),
  ...[400, 403, 429, 503].map(
    (status) => new errors.SourceHttpError({ source: url, status, retryAfter: null }),
  ),
  new errors.RangeUnsupportedError({ source: url, reason: 'it answered with the whole file' }),
  new errors.GgufMagicError({ source, found: '"PK\\u0003\\u0004"' }),
  new errors.GgufMagicError({ source, found: '""' }),
  new errors.GgufVersionError({ source, version: 1, bigEndian: false }),
  new errors.GgufVersionError({ source, version: 3, bigEndian: true }),
  new errors.GgufTruncatedError({ source, section: 'header', at: 4, needed: 20, left: 6 }),
  new errors.GgufTruncatedError({
    source,
    section: 'tensor data',
    at: 1632,
    needed: 128,
    left: 58,
    tensor: 'output.weight',
  }),
  new errors.GgufCountError({
    source,
    field: 'tensor count',
    at: 8,
    count: '1152921504606846976',
    most: 52,
  }),
  new errors.GgufHeaderSizeError({ source, most: 134217728 }),
  new errors.GgufKeyError({ source, key: 'llama.block_count', reason: 'occurs twice' }),
  new errors.GgufValueError({ source, key: 'a\nb', at: 155, reason: 'is not UTF-8' }),
  new errors.GgufAlignmentError({ source, found: '24' }),
  new errors.GgufSplitError({ source, reason: 'says that it is one of 3' }),
  new errors.SafetensorsHeaderError({ source: weights, reason: 'does not begin with "{"' }),
  new errors.SafetensorsTruncatedError({
    source: weights,
    part: 'the data of "t"',
    needed: 80,
    left: 79,
  }),
  new errors.ShardIndexError({ source: 'model.safetensors.index.json', reason: 'names no tensor' }),
  new errors.DocumentError({ source: 'config.json', reason: 'is not JSON' }),
  ...[null, [], ['pytorch_model.bin', 'README.md']].map(
    (files) => new errors.CheckpointNotFoundError({ source: 'owner/name', files }),
  ),
  new errors.HubListingError({
    source: 'https://hub.example/api/models/owner/name/tree/main?recursive=1',
    reason: 'is on another server than the hub',
  }),
  new errors.CheckpointAmbiguousError({ source: 'owner/name', files: ['a.gguf', 'b.gguf'] }),
  new errors.TensorTypeError({
    source: weights,
    tensor: 't',
    ggml_type: null,
    type: '"I64"',
    removed: false,
    supported,
  }),
  new errors.TensorNameError({ source, index: 4, count: 4, reason: 'is empty' }),
  new errors.TensorDimsError({ source, tensor: 't', reason: '[32, 0] leave no values' }),
  new errors.TensorTypeError({
    source,
    tensor: 't',
    ggml_type: 250,
    type: null,
    removed: false,
    supported,
  }),
  new errors.TensorTypeError({
    source,
    tensor: 't',
    ggml_type: 4,
    type: 'Q4_2',
    removed: true,
    supported,
  }),
  new errors.TensorOffsetError({
    source,
    tensor: 'x'.repeat(200),
    offset: '1030',
    reason: 'is not a multiple of the alignment, 32',
  }),
];

test('every class of this room has an example here', () => {
  const classes = Object.values(errors).filter((value) => value.prototype instanceof LaminaError);
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
      "model.gguf: 20 bytes from byte 90 are not inside its 100 bytes. The file is damaged or incomplete: download it again, or convert the model again.",
      "model.gguf could not be read (NotReadableError). Check that the file is still there, unchanged and readable, then choose it again.",
      "https://example.org/model.gguf was not found. Check the path or the address.",
      "https://example.org/model.gguf changed while it was being read (it was "v1", now it is "v2"). Start again, so that everything comes from one version.",
      "https://example.org/model.gguf came as other bytes than it should have: their SHA-256 is cd, and should be ab. Nothing was kept; try again, and if it happens again, report it to whoever keeps the file.",
      "https://example.org/model.gguf: only 100 of 256 bytes came from byte 512. Try again; if it happens at the same place, the file there is incomplete.",
      "https://example.org/model.gguf could not be fetched (fetch failed). Check the network connection, and that the server allows requests from this page (CORS), then try again.",
      "https://example.org/model.gguf: the server answered 400. Check the address.",
      "https://example.org/model.gguf: the server answered 403. It wants a permission that Lamina does not have: give it an access token that has it, or download the file yourself and open it from your disk.",
      "https://example.org/model.gguf: the server answered 429. It has had too many requests: wait a few minutes, then try again.",
      "https://example.org/model.gguf: the server answered 503. It has a problem of its own: try again later.",
      "https://example.org/model.gguf: the server gives no byte ranges (it answered with the whole file). Use a server that answers Range requests and exposes Content-Range and ETag to other origins, or download the file and open it from your disk.",
      "model.gguf is not a GGUF file: the magic "GGUF" is missing, it begins with "PK\\u0003\\u0004". Choose a .gguf file; if it is one, download it again.",
      "model.gguf is not a GGUF file: the magic "GGUF" is missing, the file is empty. Choose a .gguf file; if it is one, download it again.",
      "model.gguf is GGUF version 1, and only versions 2 and 3 can be read. Convert the model with a current llama.cpp.",
      "model.gguf is a big-endian GGUF file (version 3), and only little-endian ones can be read. Convert the model for a little-endian machine.",
      "model.gguf ends inside the header: 20 bytes should follow byte 4, and only 6 do. The file is damaged or incomplete: download it again, or convert the model again.",
      "model.gguf ends inside the tensor data of "output.weight": 128 bytes should follow byte 1632, and only 58 do. The file is damaged or incomplete: download it again, or convert the model again.",
      "model.gguf: the tensor count at byte 8 is 1152921504606846976, and at most 52 can follow there. The file is damaged or incomplete: download it again, or convert the model again.",
      "model.gguf: the keys, values and tensor infos take more than 134217728 bytes, more than any model needs. The file is damaged or incomplete: download it again, or convert the model again.",
      "model.gguf: the key "llama.block_count" occurs twice. Convert the model again.",
      "model.gguf: the value of "a\\nb" at byte 155 is not UTF-8. The file is damaged or incomplete: download it again, or convert the model again.",
      "model.gguf: the alignment (general.alignment) must be a uint32, a power of two and at least 8; it is 24. Convert the model again.",
      "model.gguf is a part of a model, and says that it is one of 3. Put all its files into one folder under their own names (…-00001-of-0000N.gguf), and open that.",
      "model.safetensors is not a readable safetensors file: its header does not begin with "{". Choose a .safetensors file; if it is one, download it again.",
      "model.safetensors ends inside the data of "t": 80 bytes are needed, and only 79 are there. The file is damaged or incomplete: download it again, or convert the model again.",
      "model.safetensors.index.json names no tensor. Download the index and all its .safetensors files again, from one version of the model.",
      "config.json is not JSON. Download it again.",
      "owner/name has no .gguf or .safetensors file that was found. Its files cannot be listed, and there is no model.safetensors: name the file.",
      "owner/name has no .gguf or .safetensors file that was found. It has no file at all: choose a model in one of these formats, or convert it.",
      "owner/name has no .gguf or .safetensors file that was found. It has only "pytorch_model.bin", "README.md": choose a model in one of these formats, or convert it.",
      "The model hub's list of files, https://hub.example/api/models/owner/name/tree/main?recursive=1, is on another server than the hub. Check the hub's address and the model's name, or try again later.",
      "owner/name has more than one model: "a.gguf", "b.gguf". Name one of these files.",
      "model.safetensors: the type of "t" is "I64". Choose a file of the same model with F32, F16 and Q8_0 tensors only.",
      "model.gguf: the name of tensor 4 (of a tensor count of 4) is empty. The file is damaged or incomplete: download it again, or convert the model again.",
      "model.gguf: the dims of "t" [32, 0] leave no values. Convert the model again.",
      "model.gguf: the type of "t" is 250, which is unknown. Choose a file of the same model with F32, F16 and Q8_0 tensors only.",
      "model.gguf: the type of "t" is 4 (Q4_2), which was removed from the format. Choose a file of the same model with F32, F16 and Q8_0 tensors only.",
      "model.gguf: the offset of "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…", 1030, is not a multiple of the alignment, 32. The file is damaged or incomplete: download it again, or convert the model again.",
    ]
  `);
});
