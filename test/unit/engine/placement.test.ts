import { describe, expect, test } from 'vitest';
import {
  alone,
  bytesOfRows,
  type Placement,
  type PlacementLimits,
  place,
  type RowRange,
  rowsThatFit,
  TILE_ROWS,
  wholeTensor,
} from '../../../src/engine/placement.ts';
import type { BlockTypeName } from '../../../src/formats/block_types.ts';
import { type PackTensor, PLANE_ALIGNMENT } from '../../../src/store/manifest.ts';
import { layoutFile } from '../../../src/store/pack_layout.ts';

const TYPES: BlockTypeName[] = ['F32', 'F16', 'Q4_0', 'Q4_1', 'Q8_0'];
const NO_LIMITS = { buffer_bytes: 2 ** 31, binding_bytes: 2 ** 31 };

/** A layer's file: a norm, then matrices of odd sizes. */
const fileOf = (type: BlockTypeName) =>
  layoutFile('layer-000.bin', [
    { name: 'norm', type: 'F32', shape: [96] },
    { name: 'small', type, shape: [5, 32] },
    { name: 'large', type, shape: [333, 96] },
    { name: 'wide', type, shape: [64, 160] },
  ]);

/** Fills a slot's chunks from a file as the placement says, and takes every tensor's planes back out. */
function roundTrip(placement: Placement, bytes: Uint8Array): Map<string, Uint8Array[]> {
  const chunks = placement.chunks.map((chunk) => {
    const filled = new Uint8Array(chunk.bytes);
    for (const { at, bytes: length, offset } of chunk.segments) {
      filled.set(bytes.subarray(at, at + length), offset);
    }
    return filled;
  });
  return new Map(
    placement.tensors.map(({ name, tiles }) => [
      name,
      tiles[0]!.planes.map((_, i) =>
        Buffer.concat(
          tiles.map(({ planes }) => {
            const { chunk, offset, bytes: length } = planes[i]!;
            return chunks[chunk]!.subarray(offset, offset + length);
          }),
        ),
      ),
    ]),
  );
}

/** What holds for every placement. */
function checkRules({ chunks, tensors }: Placement, limits: PlacementLimits): void {
  for (const { bytes, segments } of chunks) {
    expect(bytes).toBeLessThanOrEqual(limits.buffer_bytes);
    expect(bytes % PLANE_ALIGNMENT).toBe(0);
    let end = 0;
    for (const segment of segments) {
      expect(segment.offset).toBeGreaterThanOrEqual(end);
      end = segment.offset + segment.bytes;
    }
    expect(end).toBeLessThanOrEqual(bytes);
  }
  const taken: { chunk: number; offset: number; bytes: number }[] = [];
  for (const { rows, tiles } of tensors) {
    let next = 0;
    for (const tile of tiles) {
      expect(tile.first_row).toBe(next);
      expect(tile.first_row % TILE_ROWS).toBe(0);
      next += tile.rows;
      for (const plane of tile.planes) {
        expect(plane.offset % PLANE_ALIGNMENT).toBe(0);
        expect(plane.bytes).toBeLessThanOrEqual(limits.binding_bytes);
        taken.push(plane);
      }
    }
    expect(next).toBe(rows);
  }
  taken.sort((a, b) => a.chunk - b.chunk || a.offset - b.offset);
  for (const [i, plane] of taken.entries()) {
    const before = taken[i - 1];
    if (before?.chunk !== plane.chunk) continue;
    expect(plane.offset).toBeGreaterThanOrEqual(before.offset + before.bytes);
  }
}

const fileBytes = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7) & 255);

describe.each(TYPES)('a file with matrices stored as %s', (type) => {
  const { tensors, bytes } = fileOf(type);
  const content = fileBytes(bytes);

  test('is one segment in one chunk where the device has room', () => {
    const placement = place(tensors.map(wholeTensor).map(alone), NO_LIMITS);
    expect(placement.chunks).toHaveLength(1);
    const { segments } = placement.chunks[0]!;
    expect(segments).toHaveLength(1);
    expect(segments[0]).toMatchObject({ at: 0, offset: 0 });
    expect(placement.chunks[0]!.bytes).toBe(bytes);
    for (const { tiles } of placement.tensors) expect(tiles).toHaveLength(1);
    checkRules(placement, NO_LIMITS);
  });

  test.each([
    { buffer_bytes: 2 ** 31, binding_bytes: 64 * 160 * 4 },
    { buffer_bytes: 64 * 160 * 4, binding_bytes: 2 ** 31 },
    { buffer_bytes: 70_000, binding_bytes: 41_000 },
    { buffer_bytes: 128 * 1024, binding_bytes: 64 * 1024 },
  ])(
    'arrives whole within buffers of $buffer_bytes and bindings of $binding_bytes bytes',
    (limits) => {
      const placement = place(tensors.map(wholeTensor).map(alone), limits);
      checkRules(placement, limits);
      const arrived = roundTrip(placement, content);
      for (const { name, planes } of tensors) {
        const expected = planes.map((plane) =>
          content.subarray(plane.offset, plane.offset + plane.bytes),
        );
        expect(arrived.get(name)!.map((plane) => [...plane])).toEqual(
          expected.map((plane) => [...plane]),
        );
      }
    },
  );

  test('gives up just the rows that are asked for', () => {
    const tensor = tensors[2]!;
    for (const range of [
      { tensor, first_row: 64, rows: 64 },
      { tensor, first_row: 320, rows: 13 },
      { tensor, first_row: 100, rows: 200 },
    ] satisfies RowRange[]) {
      const limits = { buffer_bytes: 70_000, binding_bytes: 41_000 };
      const placement = place([alone(range)], limits);
      checkRules(placement, limits);
      expect(placement.tensors[0]).toMatchObject({ name: 'large', rows: range.rows, cols: 96 });
      const expected = tensor.planes.map((plane) => {
        const stride = plane.bytes / 333;
        const from = plane.offset + range.first_row * stride;
        return [...content.subarray(from, from + range.rows * stride)];
      });
      expect(
        roundTrip(placement, content)
          .get('large')!
          .map((plane) => [...plane]),
      ).toEqual(expected);
    }
  });
});

test('only as many tiles as the binding limit asks for', () => {
  const [tensor] = layoutFile('f', [{ name: 'w', type: 'F32', shape: [300, 32] }]).tensors;
  const rows = (binding_bytes: number): number[] =>
    place([alone(wholeTensor(tensor!))], {
      buffer_bytes: 2 ** 31,
      binding_bytes,
    }).tensors[0]!.tiles.map((tile) => tile.rows);
  expect(rows(300 * 128)).toEqual([300]);
  expect(rows(300 * 128 - 1)).toEqual([256, 44]);
  expect(rows(128 * 128)).toEqual([128, 128, 44]);
});

describe('rows that fit into some bytes', () => {
  const tensorOf = (rows: number): PackTensor =>
    layoutFile('f', [{ name: 'w', type: 'Q4_1', shape: [rows, 96] }]).tensors[0]!;

  test('are all rows, or a multiple of 64, and never take more bytes', () => {
    for (const rows of [1, 64, 65, 1000]) {
      const tensor = tensorOf(rows);
      for (let bytes = bytesOfRows(tensor, 64); bytes < 100_000; bytes += 777) {
        const fitting = rowsThatFit(tensor, bytes);
        expect(bytesOfRows(tensor, fitting)).toBeLessThanOrEqual(bytes);
        if (fitting !== rows) expect(fitting % TILE_ROWS).toBe(0);
      }
    }
  });

  test('count every plane with its padding', () => {
    // 64 rows: 3072 bytes of codes, 384 of scales and of minimums, each padded to 512.
    expect(bytesOfRows(tensorOf(1000), 64)).toBe(3072 + 512 + 512);
    expect(rowsThatFit(tensorOf(1000), 2 * 4096)).toBe(128);
    expect(rowsThatFit(tensorOf(1000), 2 * 4096 - 1)).toBe(64);
    expect(rowsThatFit(tensorOf(100), bytesOfRows(tensorOf(100), 100))).toBe(100);
  });
});
