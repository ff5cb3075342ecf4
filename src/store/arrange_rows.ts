import { BLOCK_TYPES } from '../formats/block_types.ts';
import type { PlannedTensor } from '../model/planned_tensor.ts';

/** Rows are given on about so many bytes at a time. */
const GIVEN_BYTES = 2 ** 18;

/**
 * The blocks of a pack's tensor out of those of the checkpoint's: rows filled up with zeros, vectors as F32, a matrix
 * turned round. Only a matrix that is turned round is held as a whole. No bytes of blocks change: only values of one
 * block each (`block_size` 1) lie in rows that need filling up.
 */
export async function* arrange(
  tensor: PlannedTensor,
  blocks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const { cols, shape, columns, rows, parts } = tensor;
  const source = BLOCK_TYPES[parts[0]!.tensor.type];
  const stored = BLOCK_TYPES[tensor.type];
  const whole = columns ? turned(blocks, columns, parts[0]!.count, source.block_bytes) : blocks;
  const widened = source === stored ? whole : asF32(whole, source);
  const bytesOf = (values: number): number => (values / stored.block_size) * stored.block_bytes;
  const chosen = rows ? everyRow(widened, bytesOf(cols), rows) : widened;
  yield* filled(chosen, bytesOf(cols), bytesOf(shape.at(-1)!));
}

/** Columns of a matrix of so many `values` as rows; each of `size` bytes. */
async function* turned(
  blocks: AsyncIterable<Uint8Array>,
  { first, step, width, count }: NonNullable<PlannedTensor['columns']>,
  values: number,
  size: number,
): AsyncGenerator<Uint8Array> {
  const height = values / width;
  const matrix = new Uint8Array(values * size);
  let at = 0;
  for await (const some of blocks) {
    matrix.set(some, at);
    at += some.length;
  }
  for (let n = 0; n < count; n++) {
    const column = first + n * step;
    const row = new Uint8Array(height * size);
    for (let i = 0; i < height; i++) {
      const from = (i * width + column) * size;
      for (let byte = 0; byte < size; byte++) row[i * size + byte] = matrix[from + byte]!;
    }
    yield row;
  }
}

/** Each `step`-th of the rows of so many bytes, from `first` on. */
async function* everyRow(
  blocks: AsyncIterable<Uint8Array>,
  bytes: number,
  { first, step }: NonNullable<PlannedTensor['rows']>,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const some of blocks) {
    for (let done = 0; done < some.length; ) {
      const part = some.subarray(done, done + bytes - (at % bytes));
      if (Math.floor(at / bytes) % step === first) yield part;
      done += part.length;
      at += part.length;
    }
  }
}

async function* asF32(
  blocks: AsyncIterable<Uint8Array>,
  { block_bytes, planes, split, decode }: (typeof BLOCK_TYPES)[keyof typeof BLOCK_TYPES],
): AsyncGenerator<Uint8Array> {
  const most = Math.floor(GIVEN_BYTES / block_bytes) * block_bytes;
  for await (const some of blocks) {
    for (let at = 0; at < some.length; at += most) {
      const part = some.subarray(at, at + most);
      const count = part.length / block_bytes;
      const split_planes = planes.map((plane) => new Uint8Array(count * plane.bytes_per_block));
      split(part, count, split_planes);
      yield new Uint8Array(decode(split_planes, count).buffer);
    }
  }
}

/** Rows of `bytes` with zeros behind them, up to `stored` bytes. */
async function* filled(
  blocks: AsyncIterable<Uint8Array>,
  bytes: number,
  stored: number,
): AsyncGenerator<Uint8Array> {
  const rows = Math.max(1, Math.floor(GIVEN_BYTES / stored));
  const tile = new Uint8Array(rows * stored);
  // How many rows are whole, and how far the next one has come.
  let [row, at] = [0, 0];
  for await (const some of blocks) {
    for (let done = 0; done < some.length; ) {
      const part = some.subarray(done, done + bytes - at);
      tile.set(part, row * stored + at);
      done += part.length;
      at += part.length;
      if (at < bytes) continue;
      at = 0;
      if (++row < rows) continue;
      yield tile;
      row = 0;
    }
  }
  if (row > 0) yield tile.subarray(0, row * stored);
}
