import { describe, expect, test } from 'vitest';
import { workOf } from '../../../src/bench/kernel_work.ts';
import type { Constants } from '../../../src/gpu/kernel.ts';
import * as kernels from '../../../src/gpu/kernels.ts';

const ONE = { tokens: 1, first: 0 };
const matrix = (constants: Constants) => ({
  kernel: kernels.matvec,
  constants: { ROWS: 4096, COLS: 1024, GATED: false, ...constants },
  type: 'Q4_1' as const,
});

describe('what a kernel has to do', () => {
  test('a matrix is read once, 20 bytes for 32 weights of Q4_1, and each weight multiplied for each token', () => {
    const stored = (4096 * 1024 * 20) / 32;
    expect(workOf(matrix({}), ONE)).toEqual({
      shape: '4096×1024',
      bytes: stored + (1024 + 4096) * 4,
      operations: 2 * 4096 * 1024,
    });
    const many = workOf({ ...matrix({}), kernel: kernels.matmul }, { tokens: 512, first: 0 });
    expect(many.bytes).toBe(stored + 512 * (1024 + 4096) * 4);
    expect(many.operations).toBe(512 * 2 * 4096 * 1024);
  });

  test('a gated matrix has half as many outputs as rows', () => {
    const { shape, bytes } = workOf(matrix({ GATED: true }), ONE);
    expect(shape).toBe('4096×1024 gated');
    expect(bytes).toBe((4096 * 1024 * 20) / 32 + (1024 + 2048) * 4);
  });

  test('a token attends to itself and all before it', () => {
    const constants = { HEADS: 8, KV_HEADS: 2, HEAD_DIM: 64 };
    const decode = { kernel: kernels.attention_split, constants };
    const late = workOf(decode, { tokens: 1, first: 99 });
    expect(late.operations).toBe(4 * 100 * 8 * 64);
    expect(late.bytes).toBe((100 * 2 * 2 + 2 * 8) * 64 * 4);
    // Three tokens from the start see 1 + 2 + 3.
    const prompt = workOf({ kernel: kernels.attention, constants }, { tokens: 3, first: 0 });
    expect(prompt.operations).toBe(4 * 6 * 8 * 64);
    // Two from position 10 on see 11 + 12.
    const middle = workOf({ kernel: kernels.attention, constants }, { tokens: 2, first: 10 });
    expect(middle.operations).toBe(4 * 23 * 8 * 64);
  });

  test('a kernel of which nobody has said so is a defect', () => {
    expect(() => workOf({ kernel: kernels.repetition_penalty, constants: {} }, ONE)).toThrow(
      'repetition_penalty',
    );
  });
});
