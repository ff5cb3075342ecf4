import { describe, expect, test } from 'vitest';
import { BatchInputs } from '../../src/engine/batch.ts';
import type { Dispatcher } from '../../src/engine/dispatcher.ts';
import { KvCache } from '../../src/engine/kv_cache.ts';
import { Ops } from '../../src/engine/ops.ts';
import type { WeightTensor } from '../../src/engine/slot.ts';
import { createState } from '../../src/engine/state.ts';
import { computeUnits } from '../../src/gpu/compute_units.ts';
import { readBack } from '../../src/gpu/readback.ts';
import { config } from '../unit/engine/config.ts';
import { firstDifference, ROUNDING, worstError } from './accuracy.ts';
import { bytesOf, randomFloats, randomMatrix, type StoredMatrix } from './data.ts';
import { openDevice, openPlainDevice } from './device.ts';
import { Lab } from './lab.ts';
import { gatherRows } from './reference/gather_rows.ts';
import { matmul } from './reference/matmul.ts';

const MAX_TOKENS = 150;
/** A vocabulary of 300, of which a tensor makes the outputs 100 to 249. */
const [OUTPUTS, FIRST, ROWS, COLS] = [300, 100, 150, 96];

describe.each([
  { name: 'as it is', open: openDevice, quad: true },
  { name: 'as if it were a GPU', open: openDevice, quad: false },
  { name: 'without optional features', open: openPlainDevice, quad: false },
])('on the device $name', async ({ open, quad }) => {
  const { gpu, ledger, pipelines, commands } = new Lab(await open());
  const own = await computeUnits(gpu);
  const units = { ...own, quad: own.quad && quad };
  const inputs = await BatchInputs.create(ledger, config, MAX_TOKENS);
  const kv = await KvCache.create(ledger, commands, config, 1, 64);
  const state = await createState(ledger, config, 1, 1);

  async function upload(data: ArrayBufferView): Promise<GPUBuffer> {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const size = Math.ceil(data.byteLength / 256) * 256;
    const buffer = await ledger.create('activations', 'data', size, usage);
    const padded = new Uint8Array(size);
    padded.set(bytesOf(data));
    gpu.device.queue.writeBuffer(buffer, 0, padded);
    return buffer;
  }

  /** The matrix, cut into tiles of 64 rows. */
  async function tiled(w: StoredMatrix): Promise<WeightTensor> {
    const tiles = [];
    for (let first_row = 0; first_row < w.rows; first_row += 64) {
      const rows = Math.min(64, w.rows - first_row);
      const planes = [];
      for (const plane of w.planes) {
        const stride = plane.length / w.rows;
        const buffer = await upload(
          plane.subarray(first_row * stride, (first_row + rows) * stride),
        );
        planes.push({ buffer, size: buffer.size });
      }
      tiles.push({ type: w.type, first_row, rows, planes });
    }
    return { name: 'matrix', rows: w.rows, cols: w.cols, tiles };
  }

  /** Runs steps over a batch, and tells by which kernels. */
  async function run(tokens: number, steps: (ops: Ops) => void): Promise<string[]> {
    const calls: Parameters<Dispatcher['dispatch']>[] = [];
    const dispatcher = { dispatch: (...call: (typeof calls)[0]) => void calls.push(call) };
    gpu.device.queue.writeBuffer(inputs.pass, 0, Uint32Array.of(tokens));
    steps(
      new Ops(dispatcher, { config, inputs, kv, state, units }, tokens, { buffer: inputs.pass }),
    );
    await pipelines.prepare(calls.map(([specialization]) => specialization));
    for (const call of calls) commands.dispatch(...call);
    return calls.map(([{ kernel }]) => kernel.label);
  }

  async function floats(buffer: GPUBuffer, length: number): Promise<Float32Array> {
    return new Float32Array(await readBack(ledger, commands, { buffer, size: length * 4 }));
  }

  function formOf(kernel: 'matvec' | 'matmul'): string {
    if (units.quad) return `${kernel}_quad`;
    if (kernel === 'matmul') return units.matrices ? 'matmul_subgroup' : 'matmul';
    return units.subgroup_size ? 'matvec_fixed' : 'matvec';
  }

  test.each([
    [1, 'matvec'],
    [4, 'matvec'],
    [5, 'matmul'],
    [65, 'matmul'],
  ] as const)(
    'a matrix in tiles makes its part of the outputs of %i tokens by %s',
    async (tokens, kernel) => {
      const w = randomMatrix('Q4_0', ROWS, COLS, 1);
      const weight = await tiled(w);
      const values = randomFloats(tokens * COLS, 2);
      const x = await upload(values);
      const y = await upload(new Float32Array(tokens * OUTPUTS).fill(7));
      const used = await run(tokens, (ops) =>
        ops.linear(weight, undefined, x, y, { first_output: FIRST, outputs: OUTPUTS }),
      );
      expect(used).toEqual(Array(3).fill(formOf(kernel)));

      const expected = new Float64Array(tokens * OUTPUTS).fill(7);
      const bounds = new Float64Array(tokens * OUTPUTS);
      const sums = matmul(w.values, values, COLS);
      const magnitudes = matmul(w.values.map(Math.abs), values.map(Math.abs), COLS);
      for (const [i, sum] of sums.entries()) {
        const at = Math.floor(i / ROWS) * OUTPUTS + FIRST + (i % ROWS);
        expected[at] = sum;
        // Where subgroups multiply matrices, both factors are rounded to f16 first.
        const rounding = (used[0] === 'matmul_subgroup' ? 2 ** -10 : 0) + COLS * ROUNDING;
        bounds[at] = rounding * magnitudes[i]!;
      }
      expect(worstError(await floats(y, expected.length), expected, bounds)).toBeLessThanOrEqual(1);
    },
  );

  test('rows gathered in tiles follow one another', async () => {
    const w = randomMatrix('Q8_0', MAX_TOKENS, COLS, 3);
    const weight = await tiled(w);
    const y = await upload(new Float32Array(MAX_TOKENS * COLS));
    await run(MAX_TOKENS, (ops) => ops.gatherRows(weight, { buffer: inputs.order }, { buffer: y }));
    const order = Uint32Array.from({ length: MAX_TOKENS }, (_, i) => i);
    const expected = gatherRows(w.values, order, COLS);
    expect(firstDifference(await floats(y, expected.length), expected)).toBe(-1);
  });

  test('a table may have fewer rows than there are tokens', async () => {
    const rows = 5;
    const w = randomMatrix('Q8_0', rows, COLS, 4);
    const weight = await tiled(w);
    const ids = Uint32Array.from({ length: MAX_TOKENS }, (_, i) => (3 * i) % rows);
    const y = await upload(new Float32Array(MAX_TOKENS * COLS));
    const buffer = await upload(ids);
    await run(MAX_TOKENS, (ops) => ops.gatherRows(weight, { buffer }, { buffer: y }));
    const expected = gatherRows(w.values, ids, COLS);
    expect(firstDifference(await floats(y, expected.length), expected)).toBe(-1);
  });
});
