import { expect, test } from 'vitest';
import { readHeader } from '../../../src/formats/safetensors/read_header.ts';
import { golden } from '../store/golden.ts';
import { mutate, NASTY, outcomeOf, randomOf, SplicedSource } from './mutate.ts';

const CASES = 10_000;
const WHOLE = await golden('arch/llama_tied/model.safetensors');
const END = 8 + Number(new DataView(WHOLE.buffer).getBigUint64(0, true));
const HEADER = JSON.parse(new TextDecoder().decode(WHOLE.subarray(8, END)));
const NAMES = Object.keys(HEADER).filter((name) => name !== '__metadata__');

const WORDS = ['', 'F32', 'BF16', 'I64', null, true, [], {}, 1.5, -1, 2 ** 53, 1e308];

/** The header with one to three values changed, as JSON of the right length. */
function mutateFields(seed: number): Uint8Array<ArrayBuffer> {
  const random = randomOf(seed);
  const one = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
  const header = structuredClone(HEADER);
  for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes--) {
    const fields = Object(header[one(NAMES)] ?? {});
    const numbers = one([fields.shape, fields.data_offsets]);
    const value = one([...WORDS, Number(one(NASTY)), one(NAMES)]);
    const at = Math.floor(random() * 2);
    const change = one([
      () => Array.isArray(numbers) && numbers.splice(at, 1, value),
      () =>
        Array.isArray(numbers) && numbers.splice(at, 1, Number(numbers[at]) + one([-2, 2, 512])),
      () => Array.isArray(numbers) && numbers.splice(at, 1),
      () => {
        fields[one(['dtype', 'shape', 'data_offsets', 'more'])] = value;
      },
      () => {
        header[one([...NAMES, '', '__metadata__'])] = one([value, fields]);
      },
      () => delete header[one(NAMES)],
    ]);
    change();
  }
  return withLength(new TextEncoder().encode(JSON.stringify(header)));
}

function withLength(json: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8 + json.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

/** A third with fields changed, a third with bytes changed, a third with bytes changed after a right length. */
function mutateHeader(seed: number): Uint8Array<ArrayBuffer> {
  if (seed % 3 === 0) return mutateFields(seed);
  if (seed % 3 === 1) return mutate(WHOLE.subarray(0, END), seed);
  return withLength(mutate(WHOLE.subarray(8, END), seed));
}

test(`a safetensors header that is changed at random ${CASES} times is read or refused with a reason`, async () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < CASES; seed++) {
    // One in eight is cut off after its header.
    const data = WHOLE.subarray(seed % 8 === 0 ? WHOLE.length : END);
    const source = new SplicedSource(mutateHeader(seed), data);
    seen.add(await outcomeOf(source, readHeader, `seed ${seed}`));
  }
  // A fuzzer that always ends at the same check would prove nothing.
  expect([...seen].sort()).toEqual([
    'SafetensorsHeaderError',
    'SafetensorsTruncatedError',
    'TensorDimsError',
    'TensorNameError',
    'TensorOffsetError',
    'TensorTypeError',
    'read',
  ]);
}, 60_000);
