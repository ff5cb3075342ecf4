import { expect, test } from 'vitest';
import { checkNode } from '../../../scripts/command.js';

test.each(['20.19.0', '20.20.1', '22.0.0', '100.1.0'])('Node %s will do', (version) => {
  expect(() => checkNode(version)).not.toThrow();
});

test.each(['20.18.3', '18.20.0', '9.99.0'])('Node %s is too old', (version) => {
  expect(() => checkNode(version)).toThrow(
    `Lamina needs Node 20.19 or newer, and this is ${version}.`,
  );
});
