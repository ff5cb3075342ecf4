import { BLOCK_TYPES, type BlockTypeName, ENCODED_TYPES } from '../formats/block_types.ts';
import { JsonValue, JsonValueError } from '../formats/json_value.ts';
import { embeddingTensors, headTensors, layerTensors, type TensorSpecs } from '../model/tensors.ts';
import { readNormalizer, readPreTokenizer } from '../model/tokenizer_components.ts';
import type { TokenizerData } from '../model/tokenizer_data.ts';
import { ManifestInvalidError } from './errors.ts';
import {
  type Manifest,
  PACK_FORMAT,
  PACK_VERSION,
  type PackFile,
  type PackPlane,
  type PackSource,
  type PackTensor,
  PLANE_ALIGNMENT,
  pieceCount,
} from './manifest.ts';
import { layerFile, planeSizes } from './pack_layout.ts';
import { readConfig } from './parse_config.ts';

const TYPES = Object.keys(BLOCK_TYPES) as BlockTypeName[];
/** No dimension of a model is larger; the product of two of them is still a safe integer. */
const LARGEST_DIMENSION = 2 ** 26;

/**
 * Reads manifest.json as what it is, a file that anyone may have changed: every field checked, all others dropped.
 * @throws ManifestInvalidError
 */
export function parseManifest(pack: string, bytes: Uint8Array<ArrayBuffer>): Manifest {
  try {
    return readManifest(JsonValue.parse(bytes));
  } catch (error) {
    if (!(error instanceof JsonValueError)) throw error;
    throw new ManifestInvalidError({ pack, field: error.field, reason: error.reason });
  }
}

function readManifest(json: JsonValue): Manifest {
  const format = json.get('format').oneOf([PACK_FORMAT]);
  const version = json.get('version').oneOf([PACK_VERSION]);
  const config = readConfig(json.get('config'));
  const layers = json.get('layers');
  const manifest: Manifest = {
    format,
    version,
    name: json.get('name').string(),
    source: readSource(json.get('source')),
    config,
    tokenizer: json.get('tokenizer').nullOr((it) => readTokenizer(it, config.vocab_size)),
    embedding: readFile(json.get('embedding'), 'embedding.bin'),
    layers: layers.array((layer) => layer).map((layer, i) => readFile(layer, layerFile(i))),
    head: readFile(json.get('head'), 'head.bin'),
  };
  if (manifest.layers.length !== config.num_hidden_layers) {
    layers.fail(`has ${manifest.layers.length} files for ${config.num_hidden_layers} layers`);
  }
  checkTensors(json.get('embedding'), manifest.embedding, embeddingTensors(config));
  layers
    .array((layer) => layer)
    .forEach((layer, i) => {
      checkTensors(layer, manifest.layers[i]!, layerTensors(config, i));
    });
  checkTensors(json.get('head'), manifest.head, headTensors(config));
  return manifest;
}

export function readSource(json: JsonValue): PackSource {
  return {
    name: json.get('name').string(),
    bytes: json.get('bytes').integer(0, Number.MAX_SAFE_INTEGER),
    version: json.get('version').string(),
    ...(json.optional('quantize') && { quantize: json.get('quantize').oneOf(ENCODED_TYPES) }),
  };
}

function readTokenizer(json: JsonValue, vocab_size: number): TokenizerData {
  const tokens = json.get('tokens').array((token) => token.string());
  if (tokens.length === 0 || tokens.length > vocab_size) {
    json.get('tokens').fail(`has ${tokens.length} entries for a vocabulary of ${vocab_size}`);
  }
  const token_types = json.get('token_types').array((type) => type.integer(0, 255));
  if (token_types.length !== tokens.length) {
    json.get('token_types').fail(`has ${token_types.length} entries for ${tokens.length} tokens`);
  }
  const id = (value: JsonValue) => value.integer(0, tokens.length - 1);
  const model = json.get('model').oneOf(['BPE', 'Unigram']);
  const scores = json.get('scores').array((score) => score.finite());
  if (scores.length !== (model === 'Unigram' ? tokens.length : 0)) {
    json.get('scores').fail(`has ${scores.length} entries for ${tokens.length} tokens of ${model}`);
  }
  const unknown_token_id = json.get('unknown_token_id').nullOr(id);
  if (model === 'Unigram' && unknown_token_id === null) {
    json.get('unknown_token_id').fail('is null, and Unigram needs it');
  }
  const template = (value: JsonValue) => value.string();
  return {
    model,
    alphabet: json.get('alphabet').oneOf(['byte_level', 'metaspace']),
    normalizer: json.get('normalizer').nullOr(readNormalizer),
    pre_tokenizer: json.get('pre_tokenizer').nullOr(readPreTokenizer),
    tokens,
    token_types,
    lstrip_token_ids: json.get('lstrip_token_ids').array(id),
    rstrip_token_ids: json.get('rstrip_token_ids').array(id),
    merges: json.get('merges').array((merge) => merge.string()),
    scores,
    ignore_merges: json.get('ignore_merges').boolean(),
    byte_fallback: json.get('byte_fallback').boolean(),
    bos_token_id: json.get('bos_token_id').nullOr(id),
    eos_token_id: json.get('eos_token_id').nullOr(id),
    unknown_token_id,
    add_bos_token: json.get('add_bos_token').boolean(),
    add_eos_token: json.get('add_eos_token').boolean(),
    add_space_prefix: json.get('add_space_prefix').boolean(),
    stop_token_ids: json.get('stop_token_ids').array(id),
    chat_template: json.get('chat_template').nullOr(template),
    tool_use_template: json.get('tool_use_template').nullOr(template),
  };
}

function readFile(json: JsonValue, name: string): PackFile {
  const bytes = json.get('bytes').integer(PLANE_ALIGNMENT, Number.MAX_SAFE_INTEGER);
  if (bytes % PLANE_ALIGNMENT !== 0) {
    json.get('bytes').fail(`is ${bytes}, not a multiple of ${PLANE_ALIGNMENT}`);
  }
  const pieces = readPieces(json.get('pieces'));
  if (pieces.length !== pieceCount(bytes)) {
    json.get('pieces').fail(`has ${pieces.length} entries, not ${pieceCount(bytes)}`);
  }
  const tensors = readTensors(json.get('tensors'), bytes);
  const errors = readErrors(json);
  return { name: json.get('name').oneOf([name]), bytes, pieces, ...errors, tensors };
}

/** The errors of a file's tensors, where it has any. */
export function readErrors(file: JsonValue): Pick<PackFile, 'errors'> {
  const json = file.optional('errors');
  if (!json) return {};
  return { errors: Object.fromEntries(json.keys().map((it) => [it, json.get(it).atLeastZero()])) };
}

export function readPieces(json: JsonValue): string[] {
  return json.array((item) => {
    const sha256 = item.string();
    if (!/^[0-9a-f]{64}$/.test(sha256)) item.fail('is not 64 lower-case hex digits');
    return sha256;
  });
}

/** Tensors in the order of their planes: none overlaps the one before, all are inside the file. */
function readTensors(json: JsonValue, fileBytes: number): PackTensor[] {
  const names = new Set<string>();
  let end = 0;
  const tensors = json.array((item): PackTensor => {
    const name = item.get('name').string();
    if (name === '' || names.has(name)) item.get('name').fail('is empty or there twice');
    names.add(name);
    const type = item.get('type').oneOf(TYPES);
    const shape = readShape(item.get('shape'), type);
    const planes = readPlanes(item.get('planes'), planeSizes(type, shape), end, fileBytes);
    end = planes.at(-1)!.offset + planes.at(-1)!.bytes;
    return { name, type, shape, planes };
  });
  if (tensors.length === 0) json.fail('is empty');
  return tensors;
}

function readShape(json: JsonValue, type: BlockTypeName): number[] {
  const shape = json.array((length) => length.integer(1, LARGEST_DIMENSION));
  if (shape.length !== 1 && shape.length !== 2) {
    json.fail(`has ${shape.length} dimensions, not 1 or 2`);
  }
  const { block_size } = BLOCK_TYPES[type];
  if (shape.at(-1)! % block_size !== 0) {
    json.fail(`ends with ${shape.at(-1)}, not a multiple of the ${block_size} values of a block`);
  }
  return shape;
}

function readPlanes(
  json: JsonValue,
  expected: readonly Pick<PackPlane, 'name' | 'bytes'>[],
  start: number,
  fileBytes: number,
): PackPlane[] {
  let end = start;
  const items = json.array((item) => item);
  if (items.length !== expected.length) {
    json.fail(`has ${items.length} planes, not ${expected.length}`);
  }
  return items.map((item, i) => {
    const name = item.get('name').oneOf([expected[i]!.name]);
    const bytes = item.get('bytes').oneOf([expected[i]!.bytes]);
    const offset = item.get('offset').integer(end, fileBytes - bytes);
    if (offset % PLANE_ALIGNMENT !== 0) {
      item.get('offset').fail(`is ${offset}, not a multiple of ${PLANE_ALIGNMENT}`);
    }
    end = offset + bytes;
    return { name, offset, bytes };
  });
}

/** The tensors are those of the architecture, in its order; vectors are F32. */
function checkTensors(json: JsonValue, file: PackFile, specs: TensorSpecs): void {
  const actual = file.tensors.map(({ name, shape }) => [name, shape]);
  const expected = Object.entries(specs).map(([name, { stored }]) => [name, stored]);
  if (JSON.stringify(actual) !== JSON.stringify(expected)) {
    const tensors = json.get('tensors');
    tensors.fail(`are ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
  }
  const vector = file.tensors.findIndex(({ shape, type }) => shape.length === 1 && type !== 'F32');
  if (vector >= 0)
    json
      .get('tensors')
      .array((tensor) => tensor)
      [vector]!.get('type')
      .oneOf(['F32']);
}
