import type { Commands } from '../gpu/commands.ts';
import type { BufferLedger } from '../gpu/ledger.ts';
import type { StagingRing } from '../gpu/staging_ring.ts';
import type { PackTensor } from '../store/manifest.ts';
import type { FileLayout } from '../store/pack_layout.ts';
import type { StoredFile, WeightReader } from '../store/weight_store.ts';
import { alone, type Placement, place, type RowRange, rowsOf, wholeTensor } from './placement.ts';
import { Slot, type WeightTensor } from './slot.ts';
import type { HeadTile, Part, WeightsLayout } from './weights_layout.ts';

export interface WeightsOptions {
  readonly store: WeightReader;
  readonly pack: string;
  readonly layout: WeightsLayout;
  readonly ledger: BufferLedger;
  readonly ring: StagingRing;
  readonly commands: Commands;
}

/** A part that stays on the GPU. */
interface PinnedPart {
  readonly slot: Slot;
  readonly tensors: ReadonlyMap<string, WeightTensor>;
}

/**
 * The weights of a model on their way to the kernels. Pinned parts are read once and stay. All others pass through
 * one slot, as large as the largest of them: rows of the embedding, each layer in turn, the final norm, the output
 * matrix tile by tile (AirLLM's way, on WebGPU). Nothing pinned is strict residency, everything pinned is resident.
 */
export class Weights {
  bytes_read = 0;
  /** Told which part has just been brought to the GPU. */
  onResident: (part: Part) => void = () => undefined;

  private readonly files: ReadonlyMap<string, StoredFile>;
  private readonly ledger: BufferLedger;
  private readonly ring: StagingRing;
  private readonly commands: Commands;
  private current: WeightsLayout;
  private readonly pinned = new Map<Part, PinnedPart>();
  /** Pinned parts that have room on the GPU and are still to be read. */
  private unread: Part[] = [];
  /** What passes through; null when everything is pinned. */
  private slot: Slot | null = null;

  private constructor(options: WeightsOptions, files: ReadonlyMap<string, StoredFile>) {
    this.current = options.layout;
    this.files = files;
    this.ledger = options.ledger;
    this.ring = options.ring;
    this.commands = options.commands;
  }

  /** Opens the pack's files and makes room on the device; `fill` reads what is pinned. */
  static async open(options: WeightsOptions): Promise<Weights> {
    const { store, pack, layout } = options;
    const { embedding, layers, head } = layout.model;
    const files = new Map<string, StoredFile>();
    try {
      for (const { name } of [embedding, ...layers, head]) {
        files.set(name, await store.open(pack, name));
      }
      const weights = new Weights(options, files);
      await weights.allocate(layout);
      return weights;
    } catch (error) {
      for (const file of files.values()) file.close();
      throw error;
    }
  }

  /**
   * Makes room for another choice of parts that stay: those that stay in both keep their place. Nothing that the GPU
   * has been given to do may still use the weights. When it fails there are no weights until it succeeds.
   */
  async allocate(layout: WeightsLayout): Promise<void> {
    const { ledger, ring, pinned } = this;
    this.slot?.destroy(ledger);
    this.slot = null;
    for (const [part, { slot }] of pinned) {
      if (layout.pinned.has(part)) continue;
      slot.destroy(ledger);
      pinned.delete(part);
    }
    this.current = layout;
    this.unread = this.unread.filter((part) => pinned.has(part));
    const chunks = layout.slot_chunks;
    this.slot = chunks && (await Slot.create(ledger, ring, 'slot', chunks));
    for (const part of layout.pinned) {
      if (pinned.has(part)) continue;
      const placement = layout.placementOf(part);
      const sizes = placement.chunks.map(({ bytes }) => bytes);
      const slot = await Slot.create(ledger, ring, String(part), sizes);
      pinned.set(part, { slot, tensors: slot.tensors(placement) });
      this.unread.push(part);
    }
  }

  /** Reads what is pinned and not on the GPU yet. */
  async fill(): Promise<void> {
    const { commands, layout } = this;
    for (let part = this.unread[0]; part !== undefined; part = this.unread[0]) {
      const file = this.files.get(layout.fileOf(part).name)!;
      const { slot } = this.pinned.get(part)!;
      this.bytes_read += await slot.fill(commands, file, layout.placementOf(part));
      commands.submit();
      this.unread.shift();
    }
  }

  /** Which parts stay, and where everything goes. */
  get layout(): WeightsLayout {
    return this.current;
  }

  /** Bytes of the largest layer's file: what strict residency promises never to exceed. */
  get largest_layer_bytes(): number {
    return Math.max(...this.layout.model.layers.map(({ bytes }) => bytes));
  }

  get head_tiles(): readonly HeadTile[] {
    return this.layout.head_tiles;
  }

  /** The whole embedding, if it stays on the GPU in one piece. */
  get resident_embedding(): WeightTensor | null {
    const pinned = this.pinned.get('embedding');
    return pinned ? only(pinned.tensors) : null;
  }

  /** The rows that are added by position, if they are there and stay on the GPU. */
  get resident_positions(): WeightTensor | null {
    const name = this.layout.position_tensor?.name;
    return (name && this.pinned.get('embedding')?.tensors.get(name)) || null;
  }

  /** Nothing has to be read for a pass. */
  get resident(): boolean {
    return this.slot === null;
  }

  /** The files of all layers, first layer first; open until `close`. */
  get layer_files(): StoredFile[] {
    return this.layout.model.layers.map(({ name }) => this.files.get(name)!);
  }

  /** Bytes of weights that one token takes: of a layer with experts, as many of them as it has. */
  get bytes_per_token(): number {
    const { config, layers, head, embedding } = this.layout.model;
    const matrix = config.tie_word_embeddings ? embedding.bytes : 0;
    const spared = this.layout.experts.flatMap((experts) =>
      experts.slice(config.experts?.per_token).flatMap(({ chunks }) => chunks),
    );
    const all = layers.reduce((sum, { bytes }) => sum + bytes, head.bytes + matrix);
    return spared.reduce((sum, { bytes }) => sum - bytes, all);
  }

  /** Rows of the embedding, or of the positions, that fit into the slot at once. */
  get embedding_rows(): number {
    return this.layout.embedding_rows;
  }

  /** The embedding's rows of these tokens, in this order; at most `embedding_rows` of them. */
  embedding(ids: Uint32Array, commands: Commands): Promise<WeightTensor> {
    return this.rowsOfTable(this.layout.embedding_tensor, ids, commands);
  }

  /** The same for rows that are added by position. */
  positions(rows: Uint32Array, commands: Commands): Promise<WeightTensor> {
    return this.rowsOfTable(this.layout.position_tensor!, rows, commands);
  }

  private async rowsOfTable(
    tensor: PackTensor,
    ids: Uint32Array,
    commands: Commands,
  ): Promise<WeightTensor> {
    const rows = Array.from(ids, (id): RowRange => ({ tensor, first_row: id, rows: 1 }));
    const { embedding } = this.layout.model;
    return only(await this.load(embedding, gatherPlaces(tensor, rows), 'embedding', commands));
  }

  /** Where one row of the embedding lies once it is loaded. */
  embeddingTensorView(): WeightTensor {
    return this.resident_embedding ?? this.rowView(this.layout.embedding_tensor);
  }

  /** Where one row of the positions lies; null where there are none. */
  positionTensorView(): WeightTensor | null {
    const tensor = this.layout.position_tensor;
    return tensor && (this.resident_positions ?? this.rowView(tensor));
  }

  private rowView(tensor: PackTensor): WeightTensor {
    const placement = gatherPlaces(tensor, [{ tensor, first_row: 0, rows: 1 }]);
    return only(this.slot!.tensors(placement));
  }

  /** All tensors of a layer; without its experts where it does not stay on the GPU. */
  async layer(index: number, commands: Commands): Promise<ReadonlyMap<string, WeightTensor>> {
    const pinned = this.pinned.get(index);
    if (!pinned) {
      const { model, layers } = this.layout;
      return this.load(model.layers[index]!, layers[index]!, index, commands);
    }
    this.onResident(index);
    return pinned.tensors;
  }

  /** Whether a layer stays on the GPU. */
  stays(layer: number): boolean {
    return this.pinned.has(layer);
  }

  /** An expert's tensors, perhaps among others. */
  async expert(
    layer: number,
    expert: number,
    commands: Commands,
  ): Promise<ReadonlyMap<string, WeightTensor>> {
    const { model, experts } = this.layout;
    const pinned = this.pinned.get(layer)?.tensors;
    return pinned ?? this.load(model.layers[layer]!, experts[layer]![expert]!, layer, commands);
  }

  /** Where an expert's tensors lie once it is loaded. */
  expertTensors(layer: number, expert: number): ReadonlyMap<string, WeightTensor> {
    const { experts } = this.layout;
    return this.pinned.get(layer)?.tensors ?? this.slot!.tensors(experts[layer]![expert]!);
  }

  /** Where a layer's tensors lie once it is loaded. */
  layerTensors(index: number): ReadonlyMap<string, WeightTensor> {
    return this.pinned.get(index)?.tensors ?? this.slot!.tensors(this.layout.layers[index]!);
  }

  /** The tensors of the final norm; the output matrix may be among them. */
  async finalNorm(commands: Commands): Promise<ReadonlyMap<string, WeightTensor>> {
    const { layout } = this;
    const pinned = this.pinned.get('head')?.tensors;
    return pinned ?? this.load(layout.model.head, layout.finalNorm(), 'head', commands);
  }

  finalNormTensors(): ReadonlyMap<string, WeightTensor> {
    return this.pinned.get('head')?.tensors ?? this.slot!.tensors(this.layout.finalNorm());
  }

  /** The tensors of the norm behind the embedding, perhaps among others; null where there is none. */
  async embeddingNorm(commands: Commands): Promise<ReadonlyMap<string, WeightTensor> | null> {
    const { layout } = this;
    const norm = layout.embeddingNorm();
    if (!norm) return null;
    const pinned = this.pinned.get('embedding')?.tensors;
    return pinned ?? this.load(layout.model.embedding, norm, 'embedding', commands);
  }

  embeddingNormTensors(): ReadonlyMap<string, WeightTensor> | null {
    const norm = this.layout.embeddingNorm();
    return norm && (this.pinned.get('embedding')?.tensors ?? this.slot!.tensors(norm));
  }

  /** Some rows of the output matrix. */
  async headTile(tile: HeadTile, commands: Commands): Promise<WeightTensor> {
    const matrix = this.residentHead();
    if (!matrix) {
      const { layout } = this;
      const file = layout.fileOf(layout.head_part);
      return only(await this.load(file, layout.headTile(tile), 'head', commands));
    }
    this.onResident('head');
    return matrix;
  }

  headTileTensor(tile: HeadTile): WeightTensor {
    return this.residentHead() ?? only(this.slot!.tensors(this.layout.headTile(tile)));
  }

  close(): void {
    for (const file of this.files.values()) file.close();
  }

  private residentHead(): WeightTensor | undefined {
    const { head_part, head_tensor } = this.layout;
    return this.pinned.get(head_part)?.tensors.get(head_tensor.name);
  }

  /** Brings a part into the slot. */
  private async load(
    file: FileLayout,
    placement: Placement,
    part: Part,
    commands: Commands,
  ): Promise<ReadonlyMap<string, WeightTensor>> {
    this.bytes_read += await this.slot!.fill(commands, this.files.get(file.name)!, placement);
    this.onResident(part);
    return this.slot!.tensors(placement);
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
