import { adapterName } from '../gpu/device.ts';
import type { Spread } from '../gpu/spread.ts';
import type {
  BenchReport,
  ImportReport,
  KernelResult,
  KernelsReport,
  ModelReport,
  RingReport,
} from './report.ts';

/** A report for people: medians, in brackets the least and the most. */
export function benchTable({ adapter, rates, kernels, ring, model, ...rest }: BenchReport): string {
  const parts = [
    [
      adapterName(adapter),
      `a shader reads ${giga(rates.read_bytes_per_second)} GB/s, a copy moves ${giga(rates.copy_bytes_per_second)} GB/s, f32 ${giga(rates.fma_operations_per_second)} GFLOP/s, a dependent dispatch ${micro(rates.dispatch_seconds)} µs`,
    ],
    kernels && kernelLines(kernels),
    ring && ringLines(ring),
    rest.import && importLines(rest.import),
    model && modelLines(model),
  ];
  return parts
    .filter((lines) => lines !== undefined)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function kernelLines({ timing, results }: KernelsReport): string[] {
  const rows = results.map((result) => [
    result.kernel,
    result.type ?? '',
    result.shape,
    String(result.tokens),
    String(result.position),
    spread(result.seconds, micro),
    giga(result.bytes_rate.median),
    result.operations > 0 ? giga(result.operations_rate.median) : '',
    shareOf(result),
  ]);
  const head = ['kernel', 'type', 'shape', 'tokens', 'at', 'µs', 'GB/s', 'GFLOP/s', 'of the best'];
  return [
    `each kernel alone, by ${timing === 'clock' ? 'the clock' : timing}`,
    ...columns([head, ...rows]),
  ];
}

/** Of what it comes nearest to. */
function shareOf({ share_of_read, share_of_fma }: KernelResult): string {
  const percent = (share: number) => `${(share * 100).toFixed(0)}%`;
  return share_of_read >= share_of_fma
    ? `${percent(share_of_read)} read`
    : `${percent(share_of_fma)} f32`;
}

function ringLines({ store, file_bytes, results }: RingReport): string[] {
  const rows = results.map(({ pieces, piece_bytes, bytes_rate }) => [
    String(pieces),
    (piece_bytes / 2 ** 20).toFixed(0),
    spread(bytes_rate, giga),
  ]);
  return [
    `staging ring, ${mega(file_bytes)} MB from the store (${store})`,
    ...columns([['pieces', 'MiB each', 'GB/s'], ...rows]),
  ];
}

function importLines({ source, source_bytes, store, bytes_rate }: ImportReport): string[] {
  return [
    `import of ${source}, ${mega(source_bytes)} MB, into the store (${store}): ${spread(bytes_rate, giga)} GB/s`,
  ];
}

function modelLines({ name, prompt_tokens, decode_tokens, ring_bytes_rate, results }: ModelReport) {
  const limit = (value: number | null) => (value === null ? '' : short(value));
  const rows = results.map((result) => [
    result.residency,
    mega(result.weight_bytes),
    mega(result.bytes_per_token),
    mega(result.streamed_bytes_per_token),
    String(result.dispatches_per_token),
    spread(result.prefill_tokens_rate, short),
    predicted(result.prefill_tokens_rate, result.predicted?.prefill_tokens_per_second),
    limit(result.prefill_limit),
    spread(result.decode_tokens_rate, short),
    predicted(result.decode_tokens_rate, result.predicted?.decode_tokens_per_second),
    limit(result.streaming_limit),
    limit(result.resident_limit),
    spread(result.time_to_first_token_ms, short),
  ]);
  return [
    `${name}: ${prompt_tokens} tokens of prompt, ${decode_tokens} generated; the ring brings its layers at ${spread(ring_bytes_rate, giga)} GB/s`,
    ...columns([
      [
        'residency',
        'MB on GPU',
        'MB a token',
        'streamed',
        'dispatches',
        'prefill tok/s',
        'predicted',
        'at best',
        'decode tok/s',
        'predicted',
        'ring allows',
        'GPU allows',
        'first token ms',
      ],
      ...rows,
    ]),
  ];
}

/** Cells under one another. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map(
    (row) =>
      `  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')}`,
  );
}

function spread({ median, min, max }: Spread, inWords: (value: number) => string): string {
  return `${inWords(median)} (${inWords(min)} to ${inWords(max)})`;
}

/** A prediction, and what the median is of it. */
function predicted({ median }: Spread, value: number | undefined): string {
  return value === undefined ? '' : `${short(value)} (× ${(median / value).toFixed(2)})`;
}

/** Three digits, but no fewer than the whole number has. */
function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

const giga = (value: number): string => short(value / 1e9);
const mega = (value: number): string => (value / 1e6).toFixed(1);
const micro = (seconds: number): string => short(seconds * 1e6);
