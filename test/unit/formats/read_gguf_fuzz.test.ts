import { describe, expect, test } from 'vitest';
import { readGguf } from '../../../src/formats/gguf/read_gguf.ts';
import { golden } from '../store/golden.ts';
import { TestSource } from '../store/test_source.ts';
import { mutate, outcomeOf, SplicedSource } from './mutate.ts';

const CASES = 4000;

describe.each(['gguf-bad/control-good.gguf', 'gguf/llama-q4_1.gguf'])('%s', (path) => {
  test(`with its header changed at random ${CASES} times, is read whole or refused with a reason`, async () => {
    const whole = await golden(path);
    const { tensors } = await readGguf(new TestSource(whole));
    const header = Math.min(...[...tensors.values()].map(({ offset }) => offset));
    const seen = new Set<string>();
    for (let seed = 0; seed < CASES; seed++) {
      const source = new SplicedSource(
        mutate(whole.subarray(0, header), seed),
        // One in eight is cut off inside its header or after it.
        whole.subarray(seed % 8 === 0 ? whole.length : header),
      );
      seen.add(await outcomeOf(source, readGguf, `seed ${seed}`));
    }
    // A fuzzer that always ends at the same check would prove nothing.
    expect([...seen]).toEqual(
      expect.arrayContaining([
        'read',
        'GgufCountError',
        'GgufKeyError',
        'GgufMagicError',
        'GgufTruncatedError',
        'GgufValueError',
        'GgufVersionError',
        'TensorDimsError',
        'TensorNameError',
        'TensorOffsetError',
        'TensorTypeError',
      ]),
    );
  }, 60_000);
});
