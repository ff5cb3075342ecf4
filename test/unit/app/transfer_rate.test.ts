import { expect, test } from 'vitest';
import { createTransferMeter, type Transfer } from '../../../src/app/transfer_rate.ts';
import type { ImportProgress } from '../../../src/worker/protocol.ts';

const BYTES = 100_000_000;

/** Reports `[second, bytes done]` one after another. @returns the last transfer */
function measure(
  reports: readonly (readonly [number, number])[],
  phase: (i: number) => ImportProgress['phase'] = () => 'importing',
): Transfer {
  let at = 0;
  const meter = createTransferMeter(() => at * 1000);
  let transfer: Transfer | null = null;
  for (const [i, [second, bytesDone]] of reports.entries()) {
    at = second;
    const report = { file: 'a', filesDone: 0, files: 1, bytes: BYTES };
    transfer = meter({ ...report, phase: phase(i), bytesDone });
  }
  return transfer!;
}

test('the first report has no rate and no forecast', () => {
  expect(measure([[0, 5_000_000]])).toMatchObject({ bytesPerSecond: null, timeLeft: null });
});

test('less than half a second is too short to measure', () => {
  expect(
    measure([
      [0, 0],
      [0.4, 1e6],
    ]).bytesPerSecond,
  ).toBeNull();
});

test('ten megabytes a second leave nine seconds for ninety', () => {
  const transfer = measure([
    [0, 0],
    [1, 10e6],
  ]);
  expect(transfer.bytesPerSecond).toBe(10e6);
  expect(transfer.timeLeft).toBe(9_000);
});

test('the rate is that of the last five seconds', () => {
  const slowThenFast = Array.from({ length: 10 }, (_, i) => [i, i * 1e6] as const);
  for (let i = 10; i <= 15; i++) slowThenFast.push([i, 10e6 + (i - 10) * 8e6] as const);
  expect(measure(slowThenFast).bytesPerSecond).toBe(8e6);
});

test('nothing that moves is no rate, not a forecast of for ever', () => {
  expect(
    measure([
      [0, 5e6],
      [3, 5e6],
    ]),
  ).toMatchObject({ bytesPerSecond: null, timeLeft: null });
});

test('bytes that were found on the disk do not count as fast network', () => {
  const transfer = measure(
    [
      [0, 0],
      [1, 60e6],
      [1.1, 60e6],
      [2.1, 61e6],
    ],
    (i) => (i < 2 ? 'verifying' : 'importing'),
  );
  expect(transfer.bytesPerSecond).toBe(1e6);
});

test('bytes that were thrown away begin a new measurement', () => {
  const transfer = measure([
    [0, 0],
    [1, 50e6],
    [2, 10e6],
    [3, 12e6],
  ]);
  expect(transfer.bytesPerSecond).toBe(2e6);
});

test('more bytes than announced leave no negative time', () => {
  expect(
    measure([
      [0, 90e6],
      [1, 110e6],
    ]).timeLeft,
  ).toBe(0);
});
