import type { Commands } from '../gpu/commands.ts';
import type { BufferLedger } from '../gpu/ledger.ts';
import type { StagingRing } from '../gpu/staging_ring.ts';
import type { Manifest, PackFile, PackTensor } from '../store/manifest.ts';
import type { StoredFile, WeightStore } from '../store/weight_store.ts';
import {
  bytesOfRows,
  type Placement,
  type PlacementLimits,
  place,
  type RowRange,
  rowsOf,
  rowsThatFit,
  TILE_ROWS,
  tileRowsThatFit,
  wholeTensor,
} from './placement.ts';
import { Slot, type WeightTensor } from './slot.ts';

/** The part of the model whose weights are on the GPU. */
export type Part = number | 'embedding' | 'head';

/** Rows of the output matrix that share the slot at one time. */
export interface HeadTile {
  readonly first_row: number;
  readonly rows: number;
}

/**
 * Strict residency: one slot, as large as the largest layer's file, through which everything passes: rows of the
 * embedding, each layer in turn, the final norm, the output matrix tile by tile (AirLLM's way, on WebGPU).
 */
export class WeightStream {
  /** Bytes of weights on the GPU. */
  readonly slot_bytes: number;
  /** Bytes of the largest layer's file: what strict residency promises never to exceed. */
  readonly largest_layer_bytes: number;
  readonly head_tiles: readonly HeadTile[];
  bytes_read = 0;
  /** Told which part has just been brought to the GPU. */
  onResident: (part: Part) => void = () => undefined;

  private readonly manifest: Manifest;
  private readonly files: ReadonlyMap<string, StoredFile>;
  private readonly limits: PlacementLimits;
  private readonly slot: Slot;
  private readonly layers: readonly Placement[];

  private constructor(
    manifest: Manifest,
    files: ReadonlyMap<string, StoredFile>,
    limits: PlacementLimits,
    slot: Slot,
    layers: readonly Placement[],
  ) {
    this.manifest = manifest;
    this.files = files;
    this.limits = limits;
    this.slot = slot;
    this.layers = layers;
    this.slot_bytes = slot.chunks.reduce((sum, chunk) => sum + chunk.size, 0);
    this.largest_layer_bytes = Math.max(...manifest.layers.map(({ bytes }) => bytes));
    this.head_tiles = this.cutHead();
  }

  static async open(
    store: WeightStore,
    pack: string,
    manifest: Manifest,
    ledger: BufferLedger,
    ring: StagingRing,
    limits: PlacementLimits,
  ): Promise<WeightStream> {
    const files = new Map<string, StoredFile>();
    try {
      for (const { name } of [manifest.embedding, ...manifest.layers, manifest.head]) {
        files.set(name, await store.open(pack, name));
      }
      const layers = manifest.layers.map((file) => place(file.tensors.map(wholeTensor), limits));
      const chunkBytes: number[] = [];
      for (const { chunks } of layers) {
        for (const [i, { bytes }] of chunks.entries()) {
          chunkBytes[i] = Math.max(chunkBytes[i] ?? 0, bytes);
        }
      }
      // Sixty-four rows of the embedding and of the output matrix must fit too; only toys have layers smaller than
      // that.
      for (const { tensors } of [manifest.embedding, manifest.head]) {
        chunkBytes[0] = Math.max(chunkBytes[0]!, bytesOfRows(tensors.at(-1)!, TILE_ROWS));
      }
      const slot = await Slot.create(ledger, ring, 'slot', chunkBytes);
      return new WeightStream(manifest, files, limits, slot, layers);
    } catch (error) {
      for (const file of files.values()) file.close();
      throw error;
    }
  }

  /** Rows of the embedding that fit into the slot at once. */
  get embedding_rows(): number {
    return tileRowsThatFit(this.embeddingTensor, this.tile_bytes);
  }

  /** The embedding's rows of these tokens, in this order; at most `embedding_rows` of them. */
  async embedding(ids: Uint32Array, commands: Commands): Promise<WeightTensor> {
    const tensor = this.embeddingTensor;
    const rows = Array.from(ids, (id): RowRange => ({ tensor, first_row: id, rows: 1 }));
    const placement = gatherPlaces(tensor, rows);
    await this.load(this.manifest.embedding, placement, 'embedding', commands);
    return only(this.slot.tensors(placement));
  }

  /** Where one row of the embedding lies once it is loaded. */
  embeddingTensorView(): WeightTensor {
    const tensor = this.embeddingTensor;
    return only(this.slot.tensors(gatherPlaces(tensor, [{ tensor, first_row: 0, rows: 1 }])));
  }

  /** All tensors of a layer. */
  async layer(index: number, commands: Commands): Promise<Map<string, WeightTensor>> {
    const placement = this.layers[index]!;
    await this.load(this.manifest.layers[index]!, placement, index, commands);
    return this.layerTensors(index);
  }

  /** Where a layer's tensors lie once it is loaded. */
  layerTensors(index: number): Map<string, WeightTensor> {
    return this.slot.tensors(this.layers[index]!);
  }

  /** The final norm. */
  async finalNorm(commands: Commands): Promise<WeightTensor> {
    const placement = this.finalNormPlacement();
    await this.load(this.manifest.head, placement, 'head', commands);
    return only(this.slot.tensors(placement));
  }

  finalNormTensor(): WeightTensor {
    return only(this.slot.tensors(this.finalNormPlacement()));
  }

  /** Some rows of the output matrix. */
  async headTile(tile: HeadTile, commands: Commands): Promise<WeightTensor> {
    const placement = this.headTilePlacement(tile);
    await this.load(this.headFile, placement, 'head', commands);
    return only(this.slot.tensors(placement));
  }

  headTileTensor(tile: HeadTile): WeightTensor {
    return only(this.slot.tensors(this.headTilePlacement(tile)));
  }

  close(): void {
    for (const file of this.files.values()) file.close();
  }

  private get embeddingTensor(): PackTensor {
    return this.manifest.embedding.tensors[0]!;
  }

  private get tied(): boolean {
    return this.manifest.config.tie_word_embeddings;
  }

  private get headFile(): PackFile {
    return this.tied ? this.manifest.embedding : this.manifest.head;
  }

  private get headTensor(): PackTensor {
    return this.tied ? this.embeddingTensor : this.manifest.head.tensors[1]!;
  }

  /** What a tile of rows may take: it lies in the slot's first chunk. */
  private get tile_bytes(): number {
    return Math.min(this.slot.chunks[0]!.size, this.limits.binding_bytes);
  }

  private finalNormPlacement(): Placement {
    return place([wholeTensor(this.manifest.head.tensors[0]!)], this.limits);
  }

  private headTilePlacement({ first_row, rows }: HeadTile): Placement {
    return place([{ tensor: this.headTensor, first_row, rows }], this.limits);
  }

  private cutHead(): HeadTile[] {
    const all = rowsOf(this.headTensor);
    const most = rowsThatFit(this.headTensor, this.tile_bytes);
    const tiles: HeadTile[] = [];
    for (let first_row = 0; first_row < all; first_row += most) {
      tiles.push({ first_row, rows: Math.min(most, all - first_row) });
    }
    return tiles;
  }

  private async load(
    file: PackFile,
    placement: Placement,
    part: Part,
    commands: Commands,
  ): Promise<void> {
    this.bytes_read += await this.slot.fill(commands, this.files.get(file.name)!, placement);
    this.onResident(part);
  }
}

/** Scattered rows of one tensor, packed as if they were a smaller tensor: plane by plane, row after row. */
function gatherPlaces(tensor: PackTensor, rows: readonly RowRange[]): Placement {
  const all = rowsOf(tensor);
  const smaller: PackTensor = {
    ...tensor,
    shape: [rows.length, ...tensor.shape.slice(1)],
    planes: tensor.planes.map((plane) => ({ ...plane, bytes: (plane.bytes / all) * rows.length })),
  };
  const limits = {
    buffer_bytes: Number.POSITIVE_INFINITY,
    binding_bytes: Number.POSITIVE_INFINITY,
  };
  const { chunks, tensors } = place([wholeTensor(smaller)], limits);
  const tile = tensors[0]!.tiles[0]!;
  const segments = tensor.planes.flatMap((plane, i) => {
    const stride = plane.bytes / all;
    const { offset } = tile.planes[i]!;
    return rows.map(({ first_row }, row) => ({
      at: plane.offset + first_row * stride,
      bytes: stride,
      offset: offset + row * stride,
    }));
  });
  return { chunks: [{ bytes: chunks[0]!.bytes, segments }], tensors };
}

function only(tensors: ReadonlyMap<string, WeightTensor>): WeightTensor {
  return tensors.values().next().value!;
}
