import { beforeEach, describe, expect, test } from 'vitest';
import { ManifestInvalidError } from '../../../src/store/errors.ts';
import type { Manifest } from '../../../src/store/manifest.ts';
import { parseManifest } from '../../../src/store/parse_manifest.ts';
import { manifestFixture } from './manifest_fixture.ts';

type Fields = Record<string, unknown>;
/** A field of the manifest, and values that it must not have. */
type Broken = readonly [path: string, values: readonly unknown[]];

const NOT_OBJECTS = [undefined, null, 1, 'a', true, []];
const NOT_ARRAYS = [undefined, null, 1, 'a', {}];
const NOT_STRINGS = [undefined, null, 1, true, {}, []];
const NOT_BOOLEANS = [undefined, null, 0, 'true', {}];
const NOT_COMPONENTS = [undefined, 1, 'a', [], {}, { type: 'Lua' }, { type: 'Split' }];
const NOT_COUNTS = [undefined, null, 0, -1, 1.5, 1e30, '8', [8], Number.NaN, 2 ** 53];
const NOT_IDS = [undefined, -1, 1.5, 8, 1e30, '1', [1]];
const NOT_POSITIVE = [undefined, null, 0, -1, '1', Number.NaN];

const FILES: Broken[] = ['embedding', 'layers.1', 'head'].flatMap((file): Broken[] => [
  [file, NOT_OBJECTS],
  [`${file}.name`, [...NOT_STRINGS, '', '../a', 'layer-007.bin', 'head']],
  [`${file}.bytes`, [...NOT_COUNTS, 256, 1000, 2 ** 52 + 1]],
  [`${file}.pieces`, [...NOT_ARRAYS, [], Array(2).fill('a'.repeat(64))]],
  [`${file}.pieces.0`, [...NOT_STRINGS, '', 'a'.repeat(63), 'A'.repeat(64), 'g'.repeat(64)]],
  [`${file}.errors`, [1, 'a', [], { a: -1 }, { a: '1' }, { a: null }, { a: Number.NaN }]],
  [`${file}.tensors`, [...NOT_ARRAYS, []]],
  [`${file}.tensors.0`, NOT_OBJECTS],
  [`${file}.tensors.0.name`, [...NOT_STRINGS, '']],
  [`${file}.tensors.0.type`, [...NOT_STRINGS, 'Q9_9', 'toString', '__proto__']],
  [`${file}.tensors.0.shape`, [...NOT_ARRAYS, [], [1, 1, 1], [0], [-32], [1.5], ['32'], [2 ** 53]]],
  [`${file}.tensors.0.planes`, [...NOT_ARRAYS, []]],
  [`${file}.tensors.0.planes.0`, NOT_OBJECTS],
  [`${file}.tensors.0.planes.0.name`, [...NOT_STRINGS, 'zeros', 'mins']],
  [`${file}.tensors.0.planes.0.offset`, [...NOT_COUNTS.filter((v) => v !== 0), 1, 128, 2 ** 40]],
  [`${file}.tensors.0.planes.0.bytes`, [...NOT_COUNTS, 1, 2 ** 40]],
]);

const BROKEN: readonly Broken[] = [
  ['format', [...NOT_STRINGS, 'other']],
  ['version', [undefined, null, 0, 1, 3, 5, '3', 1.5]],
  ['name', NOT_STRINGS],
  ['source', NOT_OBJECTS],
  ['source.name', NOT_STRINGS],
  ['source.bytes', NOT_COUNTS.filter((value) => value !== 0)],
  ['source.version', NOT_STRINGS],
  ['source.quantize', [1, true, '', 'F16', 'IQ1_S', 'toString', {}]],
  ['config', NOT_OBJECTS],
  ['config.architecture', [...NOT_STRINGS, 'gpt9']],
  ['config.num_hidden_layers', [...NOT_COUNTS, 1, 3, 1e9]],
  ['config.hidden_size', [...NOT_COUNTS, 32]],
  ['config.num_attention_heads', [...NOT_COUNTS, 3]],
  ['config.num_key_value_heads', [...NOT_COUNTS, 3, 8]],
  ['config.head_dim', [...NOT_COUNTS, 8]],
  ['config.intermediate_size', NOT_COUNTS],
  ['config.vocab_size', [...NOT_COUNTS, 7, 9]],
  ['config.max_position_embeddings', [...NOT_COUNTS, 2 ** 32]],
  ['config.norm', NOT_OBJECTS],
  ['config.norm.kind', [...NOT_STRINGS, 'batch']],
  ['config.norm.eps', NOT_POSITIVE],
  ['config.norm.weight_offset', [undefined, null, '0', Number.NaN]],
  ['config.norm_placement', [...NOT_STRINGS, 'inside', 'after', 'around']],
  ['config.activation', [...NOT_STRINGS, 'tanh']],
  ['config.gated', [...NOT_BOOLEANS, false]],
  ['config.biases', [...NOT_ARRAYS, ['attn_q'], ['attn_qkv'], [1]]],
  ['config.ropes', [...NOT_ARRAYS, []]],
  ['config.ropes.0.style', [...NOT_STRINGS, 'quarters']],
  ['config.ropes.0.dim', [...NOT_COUNTS, 7, 18]],
  ['config.ropes.0.theta', NOT_POSITIVE],
  ['config.ropes.0.factors', [undefined, 1, [], Array(7).fill(1), Array(8).fill(0)]],
  [
    'config.ropes.0.long',
    [undefined, 1, [], { beyond: 8 }, { beyond: 0, factors: Array(8).fill(1) }],
  ],
  ['config.ropes.0.attention_factor', NOT_POSITIVE],
  ['config.layers', [...NOT_ARRAYS, [], [{ rope: 0, window: null }]]],
  ['config.layers.1.rope', [undefined, -1, 1, 0.5, '0']],
  ['config.layers.1.window', [undefined, 0, -1, 1.5, '8']],
  ['config.learned_positions', [undefined, 1, {}, { first_row: -1 }, { first_row: 0 }]],
  ['config.alibi', NOT_BOOLEANS],
  ['config.embedding_norm', [...NOT_BOOLEANS, true]],
  ['config.qk_norm', [undefined, 1, 'layer', 'head']],
  ['config.attention_sinks', [1, 'yes', true]],
  ['config.attention_scale', NOT_POSITIVE],
  ['config.attention_softcap', [undefined, 0, -1, '1']],
  ['config.logit_softcap', [undefined, 0, -1, '1']],
  ['config.embedding_multiplier', NOT_POSITIVE],
  ['config.residual_multiplier', NOT_POSITIVE],
  ['config.logit_multiplier', NOT_POSITIVE],
  ['config.experts', [undefined, 1, {}, { count: 2, per_token: 3, normalised: true }]],
  ['config.tie_word_embeddings', [...NOT_BOOLEANS, true]],
  ['tokenizer', NOT_OBJECTS.filter((value) => value !== null)],
  ['tokenizer.model', [...NOT_STRINGS, 'llama', 'Unigram']],
  ['tokenizer.alphabet', [...NOT_STRINGS, 'utf8']],
  ['tokenizer.normalizer', NOT_COMPONENTS],
  ['tokenizer.pre_tokenizer', NOT_COMPONENTS],
  ['tokenizer.pre_tokenizer.use_regex', [1, 'yes']],
  ['tokenizer.tokens', [...NOT_ARRAYS, [], ['a'], Array(9).fill('a'), Array(8).fill(1)]],
  ['tokenizer.tokens.3', NOT_STRINGS],
  ['tokenizer.token_types', [...NOT_ARRAYS, [], Array(7).fill(1), Array(9).fill(1)]],
  ['tokenizer.token_types.3', [-1, 256, 1.5, '1', null]],
  ['tokenizer.lstrip_token_ids', [...NOT_ARRAYS, [8], [-1], [null]]],
  ['tokenizer.rstrip_token_ids', [...NOT_ARRAYS, [8], [-1], [null]]],
  ['tokenizer.merges', NOT_ARRAYS],
  ['tokenizer.merges.0', NOT_STRINGS],
  ['tokenizer.scores', [...NOT_ARRAYS, [1], ['1'], Array(8).fill(1)]],
  ['tokenizer.ignore_merges', NOT_BOOLEANS],
  ['tokenizer.byte_fallback', NOT_BOOLEANS],
  ['tokenizer.bos_token_id', NOT_IDS],
  ['tokenizer.eos_token_id', NOT_IDS],
  ['tokenizer.unknown_token_id', NOT_IDS],
  ['tokenizer.add_bos_token', NOT_BOOLEANS],
  ['tokenizer.add_eos_token', NOT_BOOLEANS],
  ['tokenizer.add_space_prefix', NOT_BOOLEANS],
  ['tokenizer.stop_token_ids', [...NOT_ARRAYS, [8], [-1], [null]]],
  ['tokenizer.chat_template', [undefined, 1, true, {}]],
  ['tokenizer.tool_use_template', [undefined, 1, true, {}]],
  ['layers', [...NOT_ARRAYS, []]],
  ...FILES,
];

let manifest: Manifest;
beforeEach(() => {
  manifest = manifestFixture();
});

test('a manifest that was written is read back', () => {
  expect(parse(manifest)).toEqual(manifest);
});

test('fields that nobody knows are dropped', () => {
  expect(parse({ ...manifest, more: { __proto__: 1 } })).toEqual(manifest);
});

describe.each(BROKEN)('%s', (path, values) => {
  // In objects, because `test.each` takes arrays apart.
  test.each(values.map((value) => ({ value })))('cannot be $value', ({ value }) => {
    const [key, ...parents] = path.split('.').reverse();
    const parent = parents
      .reverse()
      .reduce((fields, name) => fields[name] as Fields, manifest as unknown as Fields);
    parent[key!] = value;
    expect(() => parse(manifest)).toThrow(ManifestInvalidError);
  });
});

test.each(['', '{', 'null', '[]', '7', '"manifest"'])('%j is no manifest', (text) => {
  expect(() => parseManifest('pack', new TextEncoder().encode(text))).toThrow(ManifestInvalidError);
});

test('bytes that are not UTF-8 are no manifest', () => {
  expect(() => parseManifest('pack', Uint8Array.of(0x22, 0xff, 0x22))).toThrow(
    ManifestInvalidError,
  );
});

test('planes must not overlap, within a tensor and between tensors', () => {
  const planesOf = (tensor: number) =>
    manifest.layers[0]!.tensors[tensor]!.planes as unknown as { offset: number }[];
  planesOf(1)[1]!.offset = planesOf(1)[0]!.offset;
  expect(() => parse(manifest)).toThrow(/layers\[0\]\.tensors\[1\]\.planes\[1\]\.offset/);
  manifest = manifestFixture();
  planesOf(1)[0]!.offset = planesOf(0)[0]!.offset;
  expect(() => parse(manifest)).toThrow(/layers\[0\]\.tensors\[1\]\.planes\[0\]\.offset/);
});

test('two tensors of a file cannot have one name', () => {
  const tensors = manifest.layers[0]!.tensors as unknown as { name: string }[];
  tensors[1]!.name = tensors[0]!.name;
  expect(() => parse(manifest)).toThrow(/layers\[0\]\.tensors\[1\]\.name/);
});

test('a row must be whole blocks', () => {
  (manifest.layers[0]!.tensors[1]!.shape as number[])[1] = 33;
  expect(() => parse(manifest)).toThrow(/layers\[0\]\.tensors\[1\]\.shape/);
});

test('a layer has just the tensors of its architecture, and its norms are F32', () => {
  const tensorsOf = () => manifest.layers[1]!.tensors as unknown as { name: string }[];
  tensorsOf()[3]!.name = 'blk.0.attn_v.weight';
  expect(() => parse(manifest)).toThrow(/layers\[1\]\.tensors are /);
  manifest = manifestFixture();
  tensorsOf().pop();
  expect(() => parse(manifest)).toThrow(/layers\[1\]\.tensors are /);
  manifest = manifestFixture();
  const norm = manifest.layers[1]!.tensors[5]!;
  (norm as { type: string }).type = 'F16';
  (norm.planes[0] as { bytes: number }).bytes = 128;
  expect(() => parse(manifest)).toThrow(/layers\[1\]\.tensors\[5\]\.type is "F16", not F32/);
});

test('the message names the pack, the field, what is wrong, and the remedy', () => {
  (manifest.layers[1] as { bytes: number }).bytes = 1000;
  expect(() => parse(manifest)).toThrowErrorMatchingInlineSnapshot(
    `[ManifestInvalidError: The manifest of pack "pack" is not valid: layers[1].bytes is 1000, not a multiple of 256. Import the model again.]`,
  );
});

function parse(value: unknown): Manifest {
  return parseManifest('pack', new TextEncoder().encode(JSON.stringify(value)));
}
