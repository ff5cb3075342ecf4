import { adapterName } from '../gpu/device.ts';
import { PURPOSES } from '../gpu/ledger.ts';
import type { DeviceRates } from '../gpu/rates.ts';
import type { Spread } from '../gpu/spread.ts';
import type {
  BenchReport,
  ImportReport,
  KernelResult,
  KernelsReport,
  ModelReport,
  RingReport,
} from './report.ts';

/** Results for people: a sentence over rows of cells; numbers are medians, in brackets the least and the most. */
export interface BenchTable {
  readonly title: string;
  /** Its first cells name what the rows are about; empty: the sentence says all. */
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A report as text. */
export function benchText(report: BenchReport): string {
  return benchTables(report)
    .map(({ title, head, rows }) => [title, ...columns([head, ...rows])].join('\n'))
    .join('\n\n');
}

/** A report as tables: the device, and each part that was run. */
export function benchTables({ rates, kernels, ring, model, memory, ...rest }: BenchReport) {
  return [
    deviceTable(rest, rates),
    kernels && kernelTable(kernels),
    ring && ringTable(ring),
    rest.import && importTable(rest.import),
    model && modelTable(model),
    memory && memoryTable(memory),
  ].filter((table) => table !== undefined);
}

function deviceTable({ adapter }: Pick<BenchReport, 'adapter'>, rates: DeviceRates): BenchTable {
  return {
    title: adapterName(adapter),
    head: ['a shader reads', 'a copy moves', 'f32', 'a dependent dispatch'],
    rows: [
      [
        `${giga(rates.read_bytes_per_second)} GB/s`,
        `${giga(rates.copy_bytes_per_second)} GB/s`,
        `${giga(rates.fma_operations_per_second)} GFLOP/s`,
        `${micro(rates.dispatch_seconds)} µs`,
      ],
    ],
  };
}

function kernelTable({ timing, results }: KernelsReport): BenchTable {
  return {
    title: `Each kernel alone, by ${timing === 'clock' ? 'the clock' : timing}`,
    head: ['kernel', 'type', 'shape', 'tokens', 'at', 'µs', 'GB/s', 'GFLOP/s', 'of the best'],
    rows: results.map((result) => [
      result.kernel,
      result.type ?? '',
      result.shape,
      String(result.tokens),
      String(result.position),
      spread(result.seconds, micro),
      giga(result.bytes_rate.median),
      result.operations > 0 ? giga(result.operations_rate.median) : '',
      shareOf(result),
    ]),
  };
}

/** Of what it comes nearest to. */
function shareOf({ share_of_read, share_of_fma }: KernelResult): string {
  const percent = (share: number) => `${(share * 100).toFixed(0)}%`;
  return share_of_read >= share_of_fma
    ? `${percent(share_of_read)} read`
    : `${percent(share_of_fma)} f32`;
}

function ringTable({ store, file_bytes, results }: RingReport): BenchTable {
  return {
    title: `Staging ring, ${mega(file_bytes)} MB from the store (${store})`,
    head: ['pieces', 'MiB each', 'GB/s'],
    rows: results.map(({ pieces, piece_bytes, bytes_rate }) => [
      String(pieces),
      (piece_bytes / 2 ** 20).toFixed(0),
      spread(bytes_rate, giga),
    ]),
  };
}

function importTable({ source, source_bytes, store, bytes_rate }: ImportReport): BenchTable {
  return {
    title: `Import of ${source}, ${mega(source_bytes)} MB, into the store (${store}): ${spread(bytes_rate, giga)} GB/s`,
    head: [],
    rows: [],
  };
}

function modelTable(report: ModelReport): BenchTable {
  const { name, prompt_tokens, decode_tokens, ring_bytes_rate, results } = report;
  const limit = (value: number | null) => (value === null ? '' : short(value));
  return {
    title: `${name}: ${prompt_tokens} tokens of prompt, ${decode_tokens} generated; the ring brings its layers at ${spread(ring_bytes_rate, giga)} GB/s`,
    head: [
      'residency',
      'MB on GPU',
      'MB a token',
      'streamed',
      'dispatches',
      'prefill tok/s',
      'predicted',
      'measured ÷ predicted',
      'at best',
      'decode tok/s',
      'predicted',
      'measured ÷ predicted',
      'ring allows',
      'GPU allows',
      'first token ms',
    ],
    rows: results.map((result) => [
      result.residency,
      mega(result.weight_bytes),
      mega(result.bytes_per_token),
      mega(result.streamed_bytes_per_token),
      String(result.dispatches_per_token),
      spread(result.prefill_tokens_rate, short),
      ...predicted(result.prefill_tokens_rate, result.predicted?.prefill_tokens_per_second),
      limit(result.prefill_limit),
      spread(result.decode_tokens_rate, short),
      ...predicted(result.decode_tokens_rate, result.predicted?.decode_tokens_per_second),
      limit(result.streaming_limit),
      limit(result.resident_limit),
      spread(result.time_to_first_token_ms, short),
    ]),
  };
}

function memoryTable(memory: NonNullable<BenchReport['memory']>): BenchTable {
  return {
    title: 'GPU memory of the model that is loaded',
    head: ['for', 'MB now', 'MB at most'],
    rows: PURPOSES.map((purpose) => {
      const { bytes, peak } = memory[purpose];
      return [purpose, mega(bytes), mega(peak)];
    }),
  };
}

/** Cells under one another. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  if (widths.length === 0) return [];
  return rows.map(
    (row) =>
      `  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')}`,
  );
}

function spread({ median, min, max }: Spread, inWords: (value: number) => string): string {
  return `${inWords(median)} (${inWords(min)} to ${inWords(max)})`;
}

/** A prediction, and how much of it was reached: the median, with the least and the most. */
function predicted({ median, min, max }: Spread, value: number | undefined): [string, string] {
  if (value === undefined) return ['', ''];
  const share = (rate: number) => (rate / value).toFixed(2);
  return [short(value), `${share(median)} (${share(min)} to ${share(max)})`];
}

/** Three digits, but no fewer than the whole number has. */
function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

const giga = (value: number): string => short(value / 1e9);
const mega = (value: number): string => (value / 1e6).toFixed(1);
const micro = (seconds: number): string => short(seconds * 1e6);
