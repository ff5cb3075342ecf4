import { expect, test } from 'vitest';
import { BLOCK_TYPES, type BlockTypeName } from '../../src/formats/block_types.ts';
import type { Constants, Kernel } from '../../src/gpu/kernel.ts';
import * as kernels from '../../src/gpu/kernels.ts';
import { ROUNDING, worstError } from './accuracy.ts';
import { goldenMatrix, PACKED_TYPES, randomFloats, type StoredMatrix } from './data.ts';
import { openDevice, openPlainDevice } from './device.ts';
import { Lab, poisoned } from './lab.ts';
import { matmul } from './reference/matmul.ts';

const ROWS = 5;
const TOKENS = 3;
const lab = new Lab(await openDevice());
const plain = new Lab(await openPlainDevice());
const subgroups = { SUBGROUP: lab.gpu.subgroup_size! };

async function check(on: Lab, kernel: Kernel, w: StoredMatrix, choices: Constants = {}) {
  const { rows, cols, type, values, planes } = w;
  const constants = { ROWS: rows, COLS: cols, Y_STRIDE: rows, ACCUMULATE: false, ...choices };
  const x = randomFloats(TOKENS * cols, 7);
  const data = { pass: Uint32Array.of(TOKENS), x, y: poisoned(TOKENS * rows) };
  const { y } = await on.run({ kernel, constants, type }, data, TOKENS, planes);
  const sizes = magnitudesOf(w);
  // Where x is written in whole numbers, each loses at most 2^-22 of the largest, which is below 1.
  const lost =
    kernel === kernels.matvec_fixed
      ? matmul(
          sizes,
          x.map(() => 4),
          cols,
        )
      : null;
  const bounds = matmul(sizes, x.map(Math.abs), cols).map(
    (size, i) => ((cols + 1) * size + (lost?.[i] ?? 0)) * ROUNDING,
  );
  const error = worstError(y!, matmul(values, x, cols), bounds);
  expect(error, kernel.label).toBeLessThanOrEqual(1);
}

/** What is added up are the products of codes and of minimums, whose signs may differ: |d q| + |m|. */
function magnitudesOf({ type, rows, cols, planes, values }: StoredMatrix): Float32Array {
  const { block_size, planes: fields, decode } = BLOCK_TYPES[type];
  const zeroed = planes.map((plane, i) =>
    ['codes', 'highs'].includes(fields[i]!.name) ? new Uint8Array(plane.length) : plane,
  );
  const mins = decode(zeroed, (rows * cols) / block_size);
  return values.map((value, i) => Math.abs(value - mins[i]!) + Math.abs(mins[i]!));
}

// An odd number of blocks.
const matrix = (type: BlockTypeName) =>
  goldenMatrix(type, ROWS, 3 * Math.max(32, BLOCK_TYPES[type].block_size), 5);
const MATVEC = { GATED: false, THREADS: 32 };

test.each(PACKED_TYPES)('%s weights are multiplied by one token and by many', async (type) => {
  const w = matrix(type);
  await check(lab, kernels.matvec_quad, w);
  await check(lab, kernels.matmul_quad, w);
  await check(plain, kernels.matvec, w, MATVEC);
});

// Such pipelines take seconds to compile for a CPU. They call what the others call, for every type.
test.each<BlockTypeName>(['Q4_K', 'Q6_K'])('%s weights by many, as on a GPU', async (type) => {
  await check(plain, kernels.matmul, matrix(type), { WIDE: false });
});

test.each<BlockTypeName>(['Q4_K', 'Q6_K', 'IQ4_XS'])(
  '%s weights in whole numbers',
  async (type) => {
    await check(lab, kernels.matvec_fixed, matrix(type), { ...MATVEC, ...subgroups, SHARES: 1 });
  },
);
