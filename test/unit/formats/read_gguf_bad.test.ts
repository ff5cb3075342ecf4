import { describe, expect, test } from 'vitest';
import type { LaminaError } from '../../../src/errors.ts';
import * as errors from '../../../src/formats/errors.ts';
import { readGguf } from '../../../src/formats/gguf/read_gguf.ts';
import { golden } from '../store/golden.ts';
import { TestSource } from '../store/test_source.ts';
import { entry, gguf, str, TYPE, tensor, u32, u64 } from './gguf_bytes.ts';

/** What the reader must say of a file: the class, and the message between the file's name and the remedy. */
type Verdict = readonly [errorClass: abstract new (...args: never) => LaminaError, reason: string];

/** The files of `gguf-bad` that no reader may accept. */
const VERDICTS: Readonly<Record<string, Verdict>> = {
  'empty.gguf': [
    errors.GgufMagicError,
    ' is not a GGUF file: the magic "GGUF" is missing, the file is empty.',
  ],
  'truncated-header.gguf': [
    errors.GgufTruncatedError,
    ' ends inside the header: 20 bytes should follow byte 4, and only 6 do.',
  ],
  'truncated-key-values.gguf': [
    errors.GgufTruncatedError,
    ' ends inside the key/values: 8 bytes should follow byte 56, and only 4 do.',
  ],
  'truncated-tensor-infos.gguf': [
    errors.GgufTruncatedError,
    ' ends inside the tensor infos: 8 bytes should follow byte 281, and only 0 do.',
  ],
  'truncated-tensor-data.gguf': [
    errors.GgufTruncatedError,
    ' ends inside the tensor data of "output_norm.weight": 128 bytes should follow byte 1632, and only 58 do.',
  ],
  'wrong-magic.gguf': [
    errors.GgufMagicError,
    ' is not a GGUF file: the magic "GGUF" is missing, it begins with "GGML".',
  ],
  'version-99.gguf': [
    errors.GgufVersionError,
    ' is GGUF version 99, and only versions 2 and 3 can be read.',
  ],
  'version-0.gguf': [
    errors.GgufVersionError,
    ' is GGUF version 0, and only versions 2 and 3 can be read.',
  ],
  'big-endian.gguf': [
    errors.GgufVersionError,
    ' is a big-endian GGUF file (version 3), and only little-endian ones can be read.',
  ],
  'tensor-offset-past-end.gguf': [
    errors.TensorOffsetError,
    ': the offset of "blk.0.ffn_up.weight", 1099511627776, is past the end of the tensor data, 1440.',
  ],
  'tensor-offset-2-63.gguf': [
    errors.TensorOffsetError,
    ': the offset of "blk.0.ffn_up.weight", 9223372036854775808, is past the end of the tensor data, 1440.',
  ],
  'tensor-offset-misaligned.gguf': [
    errors.TensorOffsetError,
    ': the offset of "blk.0.ffn_up.weight", 1030, is not a multiple of the alignment, 32.',
  ],
  'tensor-overlap.gguf': [
    errors.TensorOffsetError,
    ': the offset of "blk.0.ffn_up.weight", 512, is inside "token_embd.weight", which ends at 1024.',
  ],
  'tensor-count-2-60.gguf': [
    errors.GgufCountError,
    ': the tensor count at byte 8 is 1152921504606846976, and at most 52 can follow there.',
  ],
  'kv-count-2-60.gguf': [
    errors.GgufCountError,
    ': the key/value count at byte 16 is 1152921504606846976, and at most 133 can follow there.',
  ],
  'tensor-count-one-more.gguf': [
    errors.TensorNameError,
    ': the name of tensor 4 (of a tensor count of 4) is empty.',
  ],
  'string-length-2-60.gguf': [
    errors.GgufCountError,
    ': the string length at byte 56 is 1152921504606846976, and at most 1696 can follow there.',
  ],
  'key-length-2-60.gguf': [
    errors.GgufCountError,
    ': the key length at byte 24 is 1152921504606846976, and at most 1728 can follow there.',
  ],
  'array-length-2-60.gguf': [
    errors.GgufCountError,
    ': the array length at byte 176 is 1152921504606846976, and at most 402 can follow there.',
  ],
  'array-nested-deep.gguf': [
    errors.GgufValueError,
    ': the value of "general.tags" at byte 255 is an array of arrays more than 8 levels deep.',
  ],
  'kv-unknown-type.gguf': [
    errors.GgufValueError,
    ': the value of "general.name" at byte 155 has the value type 77, which is unknown.',
  ],
  'kv-duplicate-key.gguf': [
    errors.GgufKeyError,
    ': the key "llama.block_count" occurs twice, and nobody can say which value counts.',
  ],
  'alignment-0.gguf': [
    errors.GgufAlignmentError,
    ': the alignment (general.alignment) must be a uint32, a power of two and at least 8; it is 0.',
  ],
  'alignment-24.gguf': [
    errors.GgufAlignmentError,
    ': the alignment (general.alignment) must be a uint32, a power of two and at least 8; it is 24.',
  ],
  'alignment-string.gguf': [
    errors.GgufAlignmentError,
    ': the alignment (general.alignment) must be a uint32, a power of two and at least 8; it is of type string.',
  ],
  'unknown-quant-type.gguf': [
    errors.TensorTypeError,
    ': the type of "blk.0.ffn_up.weight" is 250, which is unknown.',
  ],
  'removed-quant-type.gguf': [
    errors.TensorTypeError,
    ': the type of "blk.0.ffn_up.weight" is 4 (Q4_2), which was removed from the format.',
  ],
  'dims-overflow.gguf': [
    errors.TensorDimsError,
    ': the dims of "token_embd.weight" [8589934592, 8589934592] overflow: they make 73786976294838206464 values.',
  ],
  'dims-overflow-to-small.gguf': [
    errors.TensorDimsError,
    ': the dims of "token_embd.weight" [4294967296, 4294967296, 256] overflow: they make 4722366482869645213696 values.',
  ],
  'dims-zero.gguf': [
    errors.TensorDimsError,
    ': the dims of "token_embd.weight" [32, 0] leave no values.',
  ],
  'dims-count-9.gguf': [
    errors.TensorDimsError,
    ': the dims of "token_embd.weight" are 9, and there must be 1 to 4.',
  ],
  'dims-not-multiple-of-block.gguf': [
    errors.TensorDimsError,
    ': the dims of "blk.0.ffn_up.weight" [48, 4] make rows of 48 values, not a multiple of the 32 in a block of Q8_0.',
  ],
  'duplicate-tensor-name.gguf': [
    errors.TensorNameError,
    ': the name of tensor 3 (of a tensor count of 3) is "output_norm.weight", and so is that of an earlier one.',
  ],
  'empty-tensor-name.gguf': [
    errors.TensorNameError,
    ': the name of tensor 1 (of a tensor count of 3) is empty.',
  ],
};

interface BadFile {
  readonly file: string;
  readonly expect: 'ok' | 'error' | 'error-when-used-as-model' | 'error-when-run';
  /** The part of the file that is wrong. */
  readonly field: string;
}

const INDEX: { readonly files: readonly BadFile[] } = JSON.parse(
  new TextDecoder().decode(await golden('gguf-bad/index.json')),
);
const REFUSED = INDEX.files.filter(({ expect }) => expect === 'error');
const READABLE = INDEX.files.filter(({ expect }) => expect !== 'error');

async function failure(source: TestSource): Promise<LaminaError> {
  const result = await readGguf(source).catch((error) => error);
  expect(result).toBeInstanceOf(Error);
  return result;
}

async function expectVerdict(bytes: Uint8Array<ArrayBuffer>, [errorClass, reason]: Verdict) {
  const error = await failure(new TestSource(bytes, 'bad.gguf'));
  expect(error.message).toContain(`bad.gguf${reason} `);
  expect(error).toBeInstanceOf(errorClass);
}

test('each refused file has its verdict here', () => {
  expect(REFUSED.map(({ file }) => file).sort()).toEqual(Object.keys(VERDICTS).sort());
});

describe.each(REFUSED)('$file', ({ file, field }) => {
  test('is refused with the class and the reason that fit', async () => {
    const [errorClass, reason] = VERDICTS[file]!;
    const error = await failure(new TestSource(await golden(`gguf-bad/${file}`), file));
    expect(error.message).toContain(`${file}${reason} `);
    expect(error.message).toContain(field);
    expect(error.constructor).toBe(errorClass);
  });

  test('is refused within half a second, after at most one read of 64 KiB', async () => {
    const source = new TestSource(await golden(`gguf-bad/${file}`), file);
    const start = performance.now();
    await failure(source);
    expect(performance.now() - start).toBeLessThan(500);
    const read = source.reads.reduce((sum, [, length]) => sum + length, 0);
    expect(read).toBeLessThanOrEqual(Math.min(source.size, 65536));
  });
});

test.each(READABLE)('$file reads as a container ($expect)', async ({ file }) => {
  const bytes = await golden(`gguf-bad/${file}`);
  const { metadata, tensors } = await readGguf(new TestSource(bytes, file));
  expect(metadata.get('general.architecture')).toBe(
    file === 'missing-architecture.gguf' ? undefined : 'llama',
  );
  expect(tensors.size).toBe(file === 'nan-scales.gguf' ? 20 : 3);
  for (const { offset, bytes: length } of tensors.values()) {
    expect(offset + length).toBeLessThanOrEqual(bytes.length);
  }
});

describe('a value', () => {
  const bad = (type: number, value: readonly number[]) =>
    gguf({ entries: [entry('k', TYPE.uint8, [7]), entry('key', type, value)] });
  /** Where the value of the second entry begins. */
  const AT = 24 + 14 + 11 + 4;

  test.each([
    ['a bool of 2', TYPE.bool, [2], `at byte ${AT} is a bool of 2, not 0 or 1.`],
    [
      'an array with such a bool',
      TYPE.array,
      [...u32(TYPE.bool), ...u64(3), 0, 1, 255],
      `at byte ${AT + 14} is a bool of 255, not 0 or 1.`,
    ],
    ['a string of other bytes', TYPE.string, str([0x61, 0xff]), `at byte ${AT + 8} is not UTF-8.`],
    [
      'half a surrogate pair',
      TYPE.string,
      str([0xed, 0xa0, 0x80]),
      `at byte ${AT + 8} is not UTF-8.`,
    ],
    [
      'an array with such a string',
      TYPE.array,
      [...u32(TYPE.string), ...u64(2), ...str('a'), ...str([0xc3])],
      `at byte ${AT + 29} is not UTF-8.`,
    ],
    [
      'an array of an unknown type',
      TYPE.array,
      [...u32(13), ...u64(1), 0],
      `at byte ${AT} has the value type 13, which is unknown.`,
    ],
  ])('that is %s is refused with its key and place', async (_, type, value, reason) => {
    await expectVerdict(bad(type, value), [
      errors.GgufValueError,
      `: the value of "key" ${reason}`,
    ]);
  });

  test('whose key is not UTF-8 is refused', async () => {
    const bytes = gguf({ entries: [[...str([0x61, 0xfe]), ...u32(TYPE.uint8), 0]] });
    await expectVerdict(bytes, [errors.GgufKeyError, ': the key "a\ufffd" is not UTF-8.']);
  });

  test('whose key is long and full of control characters is cut and escaped in the message', async () => {
    const key = `\n${'x'.repeat(1000)}`;
    const bytes = gguf({ entries: [entry(key, 77, [])] });
    const reason = `: the value of "\\n${'x'.repeat(79)}…" at byte 1033 has the value type 77, which is unknown.`;
    await expectVerdict(bytes, [errors.GgufValueError, reason]);
  });

  test.each([
    ['uint64', TYPE.uint64, u64(32)],
    ['float32', TYPE.float32, u32(0x42000000)],
    ['uint8', TYPE.uint8, [32]],
  ])('of type %s is no alignment', async (name, type, value) => {
    const bytes = gguf({ entries: [entry('general.alignment', type, value)] });
    const reason = `: the alignment (general.alignment) must be a uint32, a power of two and at least 8; it is of type ${name}.`;
    await expectVerdict(bytes, [errors.GgufAlignmentError, reason]);
  });

  test('of 4 is no alignment', async () => {
    const bytes = gguf({ entries: [entry('general.alignment', TYPE.uint32, u32(4))] });
    const reason =
      ': the alignment (general.alignment) must be a uint32, a power of two and at least 8; it is 4.';
    await expectVerdict(bytes, [errors.GgufAlignmentError, reason]);
  });
});

describe('a tensor', () => {
  const dims = (reason: string): Verdict => [errors.TensorDimsError, `: the dims of "t" ${reason}`];

  test.each<[string, number[], Verdict]>([
    ['without dims', tensor('t', [], 0, 0), dims('are 0, and there must be 1 to 4.')],
    [
      'with 2^32 - 1 dims',
      [...str('t'), ...u32(2 ** 32 - 1)],
      dims('are 4294967295, and there must be 1 to 4.'),
    ],
    [
      'of 2^53 values',
      tensor('t', [2 ** 52, 2], 0, 0),
      dims('[4503599627370496, 2] overflow: they make 9007199254740992 values.'),
    ],
    [
      'whose name is not UTF-8',
      [...str([0xff]), ...tensor('', [1], 0, 0).slice(8)],
      [errors.TensorNameError, ': the name of tensor 1 (of a tensor count of 1) is not UTF-8.'],
    ],
    [
      'of a type that Lamina cannot run',
      tensor('t', [256], 9, 0),
      [errors.TensorTypeError, ': the type of "t" is 9 (Q8_1).'],
    ],
    [
      'that is terabytes long',
      tensor('t', [2 ** 40], 0, 0),
      [
        errors.GgufTruncatedError,
        ' ends inside the tensor data of "t": 4398046511104 bytes should follow byte 64, and only 32 do.',
      ],
    ],
  ])('%s is refused', async (_, info, verdict) => {
    await expectVerdict(gguf({ tensors: [info], data: 32 }), verdict);
  });

  test('that would begin where the file has ended already shows that the file is short', async () => {
    const infos = [tensor('a', [5], 0, 0), tensor('b', [8], 0, 32)];
    const whole = gguf({ tensors: infos, data: 64 });
    const short = (left: number) => whole.slice(0, 96 + left);
    await expectVerdict(short(19), [
      errors.GgufTruncatedError,
      ' ends inside the tensor data of "a": 20 bytes should follow byte 96, and only 19 do.',
    ]);
    // Also when it has ended in the padding before.
    for (const left of [20, 31, 32]) {
      await expectVerdict(short(left), [
        errors.GgufTruncatedError,
        ' ends inside the tensor data of "b": 32 bytes should follow byte 128, and only 0 do.',
      ]);
    }
  });
});

describe('a header in a file of a terabyte', () => {
  /** Zeros after the bytes, without end. */
  class Endless extends TestSource {
    override readonly size = 2 ** 40;

    override async read(offset: number, length: number, signal?: AbortSignal) {
      const bytes = new Uint8Array(length);
      bytes.set(await super.read(offset, length, signal));
      return bytes;
    }
  }

  const huge = (length: number) => {
    const file = gguf({ entries: [entry('k', TYPE.array, [...u32(TYPE.uint64), ...u64(length)])] });
    return new Endless(file, 'bad.gguf');
  };

  test('may not claim an array that no header holds', async () => {
    const source = huge(2 ** 36);
    const error = await failure(source);
    expect(error).toBeInstanceOf(errors.GgufCountError);
    expect(error.message).toContain('the array length at byte 41 is 68719476736');
    expect(source.reads).toEqual([[0, 65536]]);
  });

  test('may not go beyond 128 MiB, and is not read for what would', async () => {
    const source = huge(2 ** 24);
    const error = await failure(source);
    expect(error).toBeInstanceOf(errors.GgufHeaderSizeError);
    expect(error.message).toContain('take more than 134217728 bytes');
    expect(source.reads).toEqual([[0, 65536]]);
  });

  test('is read in bounded pieces up to what it claims', async () => {
    const source = huge(2 ** 21);
    const { metadata } = await readGguf(source);
    expect((metadata.get('k') as number[]).length).toBe(2 ** 21);
    const longest = Math.max(...source.reads.map(([, length]) => length));
    expect(longest).toBe(4 * 2 ** 20);
    const read = source.reads.reduce((sum, [, length]) => sum + length, 0);
    expect(read).toBeLessThan(8 * 2 ** 21 + 5 * 2 ** 20);
  });
});
