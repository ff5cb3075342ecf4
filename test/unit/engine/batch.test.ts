import { describe, expect, test } from 'vitest';
import { batchOf, spansOf } from '../../../src/engine/batch.ts';
import { config } from './config.ts';

test('tokens of one sequence stand at consecutive positions', () => {
  expect(batchOf([7, 8, 9], 5, 2)).toEqual({
    ids: Uint32Array.of(7, 8, 9),
    positions: Uint32Array.of(5, 6, 7),
    sequences: Uint32Array.of(2, 2, 2),
  });
});

const BATCHES = {
  'no token': [],
  'one token': [0],
  'a prompt': Array(17).fill(3),
  'one token of each of five sequences': [0, 1, 2, 3, 4],
  'three sequences, side by side': [2, 2, 2, 2, 2, 0, 1, 1, 1],
};

describe.each([1, 2, 3, 4, 5, 8, 16])('with %i heads to a group', (group) => {
  const model = { ...config, num_attention_heads: 2 * group, num_key_value_heads: 2 };

  test.each(Object.entries(BATCHES))(
    'the spans of %s hold every query row once, four at most',
    (_, sequences) => {
      const spans = spansOf(Uint32Array.from(sequences), model);
      const rows: number[] = [];
      for (let i = 0; i < spans.length; i += 2) {
        const [first, length] = [spans[i]!, spans[i + 1]!];
        expect(length).toBeGreaterThanOrEqual(1);
        expect(length).toBeLessThanOrEqual(4);
        const span = Array.from({ length }, (_, row) => first + row);
        const owners = span.map((row) => sequences[Math.floor(row / group)]);
        expect(new Set(owners).size).toBe(1);
        rows.push(...span);
      }
      expect(rows).toEqual(Array.from({ length: sequences.length * group }, (_, row) => row));
    },
  );
});
