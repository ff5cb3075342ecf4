import type { Commands } from '../gpu/commands.ts';
import type { BufferLedger } from '../gpu/ledger.ts';
import type { StagingRing } from '../gpu/staging_ring.ts';
import type { PartBytes } from '../plan/residency.ts';
import type { Manifest, PackFile, PackTensor } from '../store/manifest.ts';
import type { StoredFile, WeightStore } from '../store/weight_store.ts';
import { layerStacks } from './llama.ts';
import {
  alone,
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

/** Rows of the output matrix that are on the GPU at one time. */
export interface HeadTile {
  readonly first_row: number;
  readonly rows: number;
}

export interface WeightsOptions {
  readonly store: WeightStore;
  readonly pack: string;
  readonly manifest: Manifest;
  readonly ledger: BufferLedger;
  readonly ring: StagingRing;
  readonly commands: Commands;
  readonly limits: PlacementLimits;
  /** Parts that stay on the GPU. */
  readonly pinned: ReadonlySet<Part>;
}

/**
 * The weights of a model on their way to the kernels. Pinned parts are read once and stay. All others pass through
 * one slot, as large as the largest of them: rows of the embedding, each layer in turn, the final norm, the output
 * matrix tile by tile (AirLLM's way, on WebGPU). Nothing pinned is strict residency, everything pinned is resident.
 */
export class Weights {
  /** Bytes of the largest layer's file: what strict residency promises never to exceed. */
  readonly largest_layer_bytes: number;
  readonly head_tiles: readonly HeadTile[];
  bytes_read = 0;
  /** Told which part has just been brought to the GPU. */
  onResident: (part: Part) => void = () => undefined;

  private readonly manifest: Manifest;
  private readonly files: ReadonlyMap<string, StoredFile>;
  private readonly limits: PlacementLimits;
  private readonly layers: readonly Placement[];
  /** The tensors of the parts that stay on the GPU. */
  private readonly pinned = new Map<Part, ReadonlyMap<string, WeightTensor>>();
  /** What passes through; null when everything is pinned. */
  private readonly slot: Slot | null;

  private constructor(
    { manifest, limits, pinned }: WeightsOptions,
    files: ReadonlyMap<string, StoredFile>,
    layers: readonly Placement[],
    slot: Slot | null,
  ) {
    this.manifest = manifest;
    this.files = files;
    this.limits = limits;
    this.layers = layers;
    this.slot = slot;
    this.largest_layer_bytes = Math.max(...manifest.layers.map(({ bytes }) => bytes));
    this.head_tiles = this.cutHead(pinned.has(this.tied ? 'embedding' : 'head'));
  }

  /** Opens the pack's files, makes room on the device, and reads what is pinned. */
  static async open(options: WeightsOptions): Promise<Weights> {
    const { store, pack, manifest, ledger, ring, limits, pinned } = options;
    const files = new Map<string, StoredFile>();
    try {
      for (const { name } of [manifest.embedding, ...manifest.layers, manifest.head]) {
        files.set(name, await store.open(pack, name));
      }
      const layers = manifest.layers.map((file, i) => place(layerStacks(i, file.tensors), limits));
      const chunks = slotChunks(manifest, layers, pinned);
      const slot = chunks && (await Slot.create(ledger, ring, 'slot', chunks));
      const weights = new Weights(options, files, layers, slot);
      for (const part of pinned) await weights.pin(part, options);
      return weights;
    } catch (error) {
      for (const file of files.values()) file.close();
      throw error;
    }
  }

  /** The whole embedding, if it stays on the GPU in one piece. */
  get resident_embedding(): WeightTensor | null {
    const pinned = this.pinned.get('embedding');
    return pinned ? only(pinned) : null;
  }

  /** Nothing has to be read for a pass. */
  get resident(): boolean {
    return this.slot === null;
  }

  /** The files of all layers, first layer first; open until `close`. */
  get layer_files(): StoredFile[] {
    return this.manifest.layers.map(({ name }) => this.files.get(name)!);
  }

  /** Bytes of weights that the kernels read for one token. */
  get bytes_per_token(): number {
    const { layers, head, embedding } = this.manifest;
    const matrix = this.tied ? embedding.bytes : 0;
    return layers.reduce((sum, { bytes }) => sum + bytes, head.bytes + matrix);
  }

  /** Rows of the embedding that fit into the slot at once. */
  get embedding_rows(): number {
    return tileRowsThatFit(this.embeddingTensor, this.tile_bytes);
  }

  /** The embedding's rows of these tokens, in this order; at most `embedding_rows` of them. */
  async embedding(ids: Uint32Array, commands: Commands): Promise<WeightTensor> {
    const tensor = this.embeddingTensor;
    const rows = Array.from(ids, (id): RowRange => ({ tensor, first_row: id, rows: 1 }));
    return only(
      await this.load(this.manifest.embedding, gatherPlaces(tensor, rows), 'embedding', commands),
    );
  }

  /** Where one row of the embedding lies once it is loaded. */
  embeddingTensorView(): WeightTensor {
    const tensor = this.embeddingTensor;
    const placement = gatherPlaces(tensor, [{ tensor, first_row: 0, rows: 1 }]);
    return this.resident_embedding ?? only(this.slot!.tensors(placement));
  }

  /** All tensors of a layer. */
  async layer(index: number, commands: Commands): Promise<ReadonlyMap<string, WeightTensor>> {
    const pinned = this.pinned.get(index);
    if (!pinned) {
      return this.load(this.manifest.layers[index]!, this.layers[index]!, index, commands);
    }
    this.onResident(index);
    return pinned;
  }

  /** Where a layer's tensors lie once it is loaded. */
  layerTensors(index: number): ReadonlyMap<string, WeightTensor> {
    return this.pinned.get(index) ?? this.slot!.tensors(this.layers[index]!);
  }

  /** The final norm. */
  async finalNorm(commands: Commands): Promise<WeightTensor> {
    const norm = this.pinned.get('head')?.get(this.normTensor.name);
    if (norm) return norm;
    return only(await this.load(this.manifest.head, this.finalNormPlacement(), 'head', commands));
  }

  finalNormTensor(): WeightTensor {
    const norm = this.pinned.get('head')?.get(this.normTensor.name);
    return norm ?? only(this.slot!.tensors(this.finalNormPlacement()));
  }

  /** Some rows of the output matrix. */
  async headTile(tile: HeadTile, commands: Commands): Promise<WeightTensor> {
    const matrix = this.residentHead();
    if (!matrix) {
      return only(await this.load(this.headFile, this.headTilePlacement(tile), 'head', commands));
    }
    this.onResident('head');
    return matrix;
  }

  headTileTensor(tile: HeadTile): WeightTensor {
    return this.residentHead() ?? only(this.slot!.tensors(this.headTilePlacement(tile)));
  }

  close(): void {
    for (const file of this.files.values()) file.close();
  }

  /** Reads a part into buffers of its own. */
  private async pin(part: Part, { ledger, ring, commands }: WeightsOptions): Promise<void> {
    const { manifest, limits } = this;
    const file =
      part === 'embedding'
        ? manifest.embedding
        : part === 'head'
          ? manifest.head
          : manifest.layers[part]!;
    const whole = file.tensors.map((tensor) => alone(wholeTensor(tensor)));
    const placement = typeof part === 'number' ? this.layers[part]! : place(whole, limits);
    const sizes = placement.chunks.map(({ bytes }) => bytes);
    const slot = await Slot.create(ledger, ring, String(part), sizes);
    this.bytes_read += await slot.fill(commands, this.files.get(file.name)!, placement);
    commands.submit();
    this.pinned.set(part, slot.tensors(placement));
  }

  private get embeddingTensor(): PackTensor {
    return this.manifest.embedding.tensors[0]!;
  }

  private get normTensor(): PackTensor {
    return this.manifest.head.tensors[0]!;
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

  private residentHead(): WeightTensor | undefined {
    return this.pinned.get(this.tied ? 'embedding' : 'head')?.get(this.headTensor.name);
  }

  /** What a tile of rows may take: it lies in the slot's first chunk. */
  private get tile_bytes(): number {
    return Math.min(this.slot!.chunks[0]!.size, this.limits.binding_bytes);
  }

  private finalNormPlacement(): Placement {
    return place([alone(wholeTensor(this.normTensor))], this.limits);
  }

  private headTilePlacement({ first_row, rows }: HeadTile): Placement {
    return place([alone({ tensor: this.headTensor, first_row, rows })], this.limits);
  }

  /** One tile where the matrix stays on the GPU. */
  private cutHead(stays: boolean): HeadTile[] {
    const all = rowsOf(this.headTensor);
    const most = stays ? all : rowsThatFit(this.headTensor, this.tile_bytes);
    const tiles: HeadTile[] = [];
    for (let first_row = 0; first_row < all; first_row += most) {
      tiles.push({ first_row, rows: Math.min(most, all - first_row) });
    }
    return tiles;
  }

  /** Brings a part into the slot. */
  private async load(
    file: PackFile,
    placement: Placement,
    part: Part,
    commands: Commands,
  ): Promise<ReadonlyMap<string, WeightTensor>> {
    this.bytes_read += await this.slot!.fill(commands, this.files.get(file.name)!, placement);
    this.onResident(part);
    return this.slot!.tensors(placement);
  }
}

/** What may stay on the GPU. An embedding that exceeds a binding may not: its rows are picked by id. */
export function partBytes(
  { config, embedding, layers, head }: Manifest,
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

/** The sizes of the slot's chunks: the most that any part needs that is not pinned. Null when none needs any. */
function slotChunks(
  { config, embedding, head }: Manifest,
  layers: readonly Placement[],
  pinned: ReadonlySet<Part>,
): number[] | null {
  const sizes: number[] = [];
  const need = (chunk: number, bytes: number): void => {
    sizes[chunk] = Math.max(sizes[chunk] ?? 0, bytes);
  };
  for (const [layer, { chunks }] of layers.entries()) {
    if (pinned.has(layer)) continue;
    for (const [i, { bytes }] of chunks.entries()) need(i, bytes);
  }
  // Sixty-four rows of the embedding and of the output matrix must fit too; only toys have layers smaller than that.
  if (!pinned.has('embedding')) need(0, bytesOfRows(embedding.tensors[0]!, TILE_ROWS));
  if (!pinned.has('head')) {
    need(0, bytesOfRows(head.tensors.at(-1)!, config.tie_word_embeddings ? 1 : TILE_ROWS));
  }
  return sizes.length > 0 ? sizes : null;
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
  const { chunks, tensors } = place([alone(wholeTensor(smaller))], limits);
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
