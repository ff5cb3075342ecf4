import type { PartBytes } from '../plan/residency.ts';
import type { PackTensor } from '../store/manifest.ts';
import type { FileLayout, ModelLayout } from '../store/pack_layout.ts';
import { expertStacks, layerStacks } from './decoder_layer.ts';
import {
  alone,
  bytesOfRows,
  type Placement,
  type PlacementLimits,
  place,
  rowsOf,
  rowsThatFit,
  TILE_ROWS,
  tileRowsThatFit,
  wholeTensor,
} from './placement.ts';

/** A part of the model whose weights come to the GPU. */
export type Part = number | 'embedding' | 'head';

/** Rows of the output matrix that are on the GPU at one time. */
export interface HeadTile {
  readonly first_row: number;
  readonly rows: number;
}

/**
 * Where a model's weights go on the GPU, for a choice of parts that stay there. It follows from the shapes alone, so
 * that what a model will take is known before any of it is read.
 */
export class WeightsLayout {
  readonly model: ModelLayout;
  readonly limits: PlacementLimits;
  readonly pinned: ReadonlySet<Part>;
  /** Layers in the slot, all but their experts. */
  readonly layers: readonly Placement[];
  /** The experts of each layer, each in the slot; none where a layer has one feed-forward network. */
  readonly experts: readonly (readonly Placement[])[];
  /** Sizes of the slot's chunks; null when everything is pinned. */
  readonly slot_chunks: readonly number[] | null;
  readonly head_tiles: readonly HeadTile[];

  constructor(model: ModelLayout, limits: PlacementLimits, pinned: ReadonlySet<Part>) {
    this.model = model;
    this.limits = limits;
    this.pinned = pinned;
    const { experts } = model.config;
    const numbers = Array.from({ length: experts?.count ?? 0 }, (_, expert) => expert);
    this.layers = model.layers.map((file, i) => place(layerStacks(i, file.tensors), limits));
    this.experts = model.layers.map((file, i) =>
      numbers.map((expert) => place(expertStacks(i, file.tensors, expert), limits)),
    );
    this.slot_chunks = this.slotChunks();
    this.head_tiles = this.cutHead();
  }

  get embedding_tensor(): PackTensor {
    return this.model.embedding.tensors[0]!;
  }

  /** Rows that are added to the embedding's, by position. */
  get position_tensor(): PackTensor | null {
    const { tensors } = this.model.embedding;
    return tensors.find(({ name }) => name === 'position_embd.weight') ?? null;
  }

  /** The output matrix, which may be the embedding. */
  get head_tensor(): PackTensor {
    return this.tied ? this.embedding_tensor : this.model.head.tensors.at(-1)!;
  }

  /** The part that has the output matrix. */
  get head_part(): 'embedding' | 'head' {
    return this.tied ? 'embedding' : 'head';
  }

  /** Rows of the embedding that fit into the slot at once. */
  get embedding_rows(): number {
    const positions = this.position_tensor;
    const tables = [this.embedding_tensor, ...(positions ? [positions] : [])];
    return Math.min(...tables.map((table) => tileRowsThatFit(table, this.tile_bytes)));
  }

  /** Bytes of weights on the GPU once everything pinned is there. */
  get bytes(): number {
    let sum = 0;
    for (const part of this.pinned) sum += bytesOf(this.placementOf(part));
    for (const bytes of this.slot_chunks ?? []) sum += bytes;
    return sum;
  }

  fileOf(part: Part): FileLayout {
    const { embedding, layers, head } = this.model;
    return part === 'embedding' ? embedding : part === 'head' ? head : layers[part]!;
  }

  /** A whole part in buffers of its own, or a layer in the slot. */
  placementOf(part: Part): Placement {
    if (typeof part === 'number') {
      const { tensors } = this.model.layers[part]!;
      const experts = this.experts[part]!.flatMap((_, i) => expertStacks(part, tensors, i));
      return place([...layerStacks(part, tensors), ...experts], this.limits);
    }
    const whole = this.fileOf(part).tensors.map((tensor) => alone(wholeTensor(tensor)));
    return place(whole, this.limits);
  }

  /** The final norm in the slot. */
  finalNorm(): Placement {
    return this.norm(this.model.head, 'output_norm');
  }

  /** The norm behind the embedding in the slot; null where there is none. */
  embeddingNorm(): Placement | null {
    return this.model.config.embedding_norm
      ? this.norm(this.model.embedding, 'token_embd_norm')
      : null;
  }

  /** Some rows of the output matrix in the slot. */
  headTile({ first_row, rows }: HeadTile): Placement {
    return place([alone({ tensor: this.head_tensor, first_row, rows })], this.limits);
  }

  private norm({ tensors }: FileLayout, name: string): Placement {
    const parts = tensors.filter((tensor) => tensor.name.startsWith(`${name}.`));
    return place(
      parts.map((tensor) => alone(wholeTensor(tensor))),
      this.limits,
    );
  }

  private get tied(): boolean {
    return this.model.config.tie_word_embeddings;
  }

  /** What a tile of rows may take: it lies in the slot's first chunk. */
  private get tile_bytes(): number {
    return Math.min(this.slot_chunks![0]!, this.limits.binding_bytes);
  }

  /** The most that any part needs that is not pinned. */
  private slotChunks(): number[] | null {
    const { model, pinned } = this;
    const sizes: number[] = [];
    const need = (chunk: number, bytes: number): void => {
      sizes[chunk] = Math.max(sizes[chunk] ?? 0, bytes);
    };
    for (const [layer, placement] of this.layers.entries()) {
      if (pinned.has(layer)) continue;
      for (const { chunks } of [placement, ...this.experts[layer]!]) {
        for (const [i, { bytes }] of chunks.entries()) need(i, bytes);
      }
    }
    // Sixty-four rows of the embedding and of the output matrix, and the norms beside them, must fit too; only toys have
    // layers smaller than that.
    const norms = [];
    if (!pinned.has('embedding')) {
      need(0, bytesOfRows(this.embedding_tensor, TILE_ROWS));
      if (this.position_tensor) need(0, bytesOfRows(this.position_tensor, TILE_ROWS));
      norms.push(this.embeddingNorm());
    }
    if (!pinned.has('head')) {
      if (!this.tied) need(0, bytesOfRows(model.head.tensors.at(-1)!, TILE_ROWS));
      norms.push(this.finalNorm());
    }
    for (const norm of norms) if (norm) need(0, norm.chunks[0]!.bytes);
    return sizes.length > 0 ? sizes : null;
  }

  /** One tile where the matrix stays on the GPU. */
  private cutHead(): HeadTile[] {
    const all = rowsOf(this.head_tensor);
    const stays = this.pinned.has(this.head_part);
    const most = stays ? all : rowsThatFit(this.head_tensor, this.tile_bytes);
    const tiles: HeadTile[] = [];
    for (let first_row = 0; first_row < all; first_row += most) {
      tiles.push({ first_row, rows: Math.min(most, all - first_row) });
    }
    return tiles;
  }
}

/** What may stay on the GPU. An embedding that exceeds a binding may not: its rows are picked by id. */
export function partBytes(
  { config, embedding, layers, head }: ModelLayout,
  limits: PlacementLimits,
): PartBytes<Part>[] {
  const tied = config.tie_word_embeddings;
  const [matrix] = embedding.tensors;
  const row = embedding.bytes / rowsOf(matrix!);
  const fits = place([alone(wholeTensor(matrix!))], limits).tensors[0]!.tiles.length === 1;
  return [
    ...layers.map(({ bytes }, part) => ({ part, bytes, bytes_per_token: bytes })),
    { part: 'head', bytes: head.bytes, bytes_per_token: head.bytes },
    ...(fits
      ? [
          {
            part: 'embedding' as const,
            bytes: embedding.bytes,
            bytes_per_token: tied ? embedding.bytes : row,
          },
        ]
      : []),
  ];
}

const bytesOf = ({ chunks }: Placement): number =>
  chunks.reduce((sum, { bytes }) => sum + bytes, 0);
