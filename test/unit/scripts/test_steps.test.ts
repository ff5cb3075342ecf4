import { expect, test } from 'vitest';
import { chooseSteps, TEST_STEPS } from '../../../scripts/test_steps.js';

test('all steps run unless some are named', () => {
  expect(chooseSteps([])).toEqual(TEST_STEPS);
  expect(chooseSteps(['kernels', 'unit']).map(({ name }) => name)).toEqual(['unit', 'kernels']);
});

test('a step that does not exist is told with those that do, and exit code 2', () => {
  expect(() => chooseSteps(['unit', 'units'])).toThrow(
    expect.objectContaining({
      exitCode: 2,
      message: expect.stringMatching(/There is no step "units"[\s\S]*kernels/),
    }),
  );
});
