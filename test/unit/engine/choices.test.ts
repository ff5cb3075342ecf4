import { expect, test } from 'vitest';
import { type Choices, candidates, chosen, keyOf } from '../../../src/engine/choices.ts';
import { readRehearsed } from '../../../src/engine/measured.ts';
import { type Call, tune } from '../../../src/engine/tune.ts';
import type { ComputeUnits } from '../../../src/gpu/compute_units.ts';
import { recall } from '../../../src/plan/records.ts';
import { RATES } from '../plan/rates_fixture.ts';

const GPU: ComputeUnits = { quad: false, subgroup_size: 32, packed_dots: true, matrices: true };
const SMALL = { rows: 4096, cols: 4096, type: 'Q4_0' } as const;
const LARGE = { rows: 28_672, cols: 4096, type: 'Q4_0' } as const;
const names = (tokens: number, units = GPU, shape: typeof SMALL | typeof LARGE = SMALL) =>
  candidates(shape, tokens, units).map(({ name }) => name);

test('a GPU has several kernels for a product, first the one of the rules', () => {
  expect(names(1)).toEqual([
    'matvec_fixed 2',
    'matvec_fixed 1',
    'matvec_fixed 4',
    'matvec_fixed 8',
    'matvec',
  ]);
  expect(names(1, GPU, LARGE)[0]).toBe('matvec_fixed 1');
  expect(names(5)).toEqual(['matmul_subgroup', 'matmul']);
  expect(names(1, { ...GPU, packed_dots: false })).toEqual(['matvec']);
  expect(names(5, { ...GPU, matrices: false })).toEqual(['matmul']);
});

test('a name that the device has not, or that is no kernel’s, counts for nothing', () => {
  for (const name of ['matmul', 'matvec_fixed 3', '__proto__', '']) {
    const choices = { [keyOf(SMALL, 1)]: name };
    expect(chosen(choices, SMALL, 1, GPU).name).toBe('matvec_fixed 2');
  }
  const f32 = { [keyOf(SMALL, 9)]: 'matmul_subgroup' };
  expect(chosen(f32, SMALL, 9, { ...GPU, matrices: false }).name).toBe('matmul');
});

/** A pass over a small and a large matrix. */
const pass = (tokens: number, units: ComputeUnits) => (choices: Choices) =>
  [SMALL, LARGE].map((shape): Call => {
    const { kernel, constants } = chosen(choices, shape, tokens, units);
    const [ROWS, COLS] = [shape.rows, shape.cols];
    const all = { ...constants, ROWS, COLS, Y_STRIDE: ROWS };
    return [{ kernel, constants: all, type: shape.type }, {}, tokens];
  });

/** Takes each kernel so many seconds, by name and rows; `more` where none are given. */
function fakeTimer(seconds: Record<string, number>, more: number) {
  const timed: string[] = [];
  const secondsOf = async (calls: readonly Call[]) => {
    expect(calls).toHaveLength(1);
    const { kernel, constants } = calls[0]![0];
    const name = [kernel.label, constants.SHARES, constants.ROWS].filter((part) => part).join(' ');
    timed.push(name);
    return seconds[name] ?? more;
  };
  return { timed, secondsOf };
}

test('each matrix gets its own fastest kernel, and that of the rules unless another is clearly faster', async () => {
  const { secondsOf } = fakeTimer({ 'matvec_fixed 8 4096': 7, 'matvec 28672': 9.9 }, 10);
  const choices = await tune(GPU, 1, pass(1, GPU), secondsOf, () => false);
  expect(choices).toEqual({ [keyOf(SMALL, 1)]: 'matvec_fixed 8' });
  const large = fakeTimer({ 'matmul 28672': 5 }, 10);
  expect(await tune(GPU, 9, pass(9, GPU), large.secondsOf, () => false)).toEqual({
    [keyOf(LARGE, 9)]: 'matmul',
  });
});

test('when time is over, what is left goes by the rules', async () => {
  const { timed, secondsOf } = fakeTimer({ 'matvec_fixed 1 4096': 5 }, 10);
  const choices = await tune(GPU, 1, pass(1, GPU), secondsOf, () => timed.length === 2);
  expect(choices).toEqual({ [keyOf(SMALL, 1)]: 'matvec_fixed 1' });
  expect(timed).toHaveLength(2);
});

test('on an emulated GPU there is one kernel for a product, and nothing is timed', async () => {
  const quad = { ...GPU, quad: true, subgroup_size: 4 };
  const { timed, secondsOf } = fakeTimer({}, 1);
  for (const tokens of [1, 9]) await tune(quad, tokens, pass(tokens, quad), secondsOf, () => false);
  expect(timed).toEqual([]);
});

test.each([[null], [[]], ['matvec'], [{ key: 1 }], [{ key: { name: 'matvec' } }], [undefined]])(
  'choices of %j make a record as good as none',
  async (choices) => {
    const text = (value: unknown) =>
      JSON.stringify({ version: 2, value: { rates: RATES, choices: value } });
    const read = (value: unknown) =>
      recall(
        { read: async () => text(value), write: async () => undefined },
        'model',
        readRehearsed,
      );
    expect(await read(choices)).toBeNull();
    const good = { 'vector Q4_0 1x32': 'matvec' };
    expect(await read(good)).toEqual({ rates: RATES, choices: good });
  },
);
