import { expect, test } from 'vitest';
import { kernelBenches } from '../../../src/bench/kernel_benches.ts';
import { config } from '../engine/config.ts';

const typesAt = (hidden_size: number): Set<string | undefined> =>
  new Set(kernelBenches({ ...config, hidden_size }, 8).map(({ matrix }) => matrix?.type));

test('K-quants are measured where rows are whole blocks of theirs', () => {
  expect(typesAt(512)).toContain('Q4_K');
  expect(typesAt(512)).toContain('Q6_K');
  expect(typesAt(576)).not.toContain('Q4_K');
  expect(typesAt(576)).toContain('Q4_0');
});
