import { Commands } from '../../src/gpu/commands.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import type { BufferView, Specialization } from '../../src/gpu/kernel.ts';
import { BufferLedger } from '../../src/gpu/ledger.ts';
import { Pipelines } from '../../src/gpu/pipelines.ts';
import { readBack } from '../../src/gpu/readback.ts';

/** A NaN that no kernel makes; its halves are NaN as f16, and as an index it lies outside of everything. */
const POISON = 0x7fc17fc1;
/** Poisoned bytes on both sides of every buffer that a kernel sees; a binding offset must be a multiple of it. */
const GUARD = 256;

export type Data = Float32Array | Uint32Array | Uint8Array;

/** An output that a kernel must fill: every element that it leaves out shows. */
export function poisoned(length: number): Float32Array<ArrayBuffer> {
  return new Float32Array(new Uint32Array(length).fill(POISON).buffer);
}

/** Which elements of an output the kernel left alone. */
export function untouched(values: Float32Array, index: number): boolean {
  return new Uint32Array(values.buffer, values.byteOffset)[index] === POISON;
}

/** Runs single kernels on plain arrays. */
export class Lab {
  readonly gpu: Gpu;
  readonly ledger: BufferLedger;
  readonly pipelines: Pipelines;
  readonly commands: Commands;

  constructor(gpu: Gpu) {
    this.gpu = gpu;
    this.ledger = new BufferLedger(gpu.device);
    this.pipelines = new Pipelines(gpu.device);
    this.commands = new Commands(gpu.device, this.pipelines);
  }

  /**
   * Runs one kernel. What it reads ends in NaN that must not matter; what it writes lies between guards that must
   * stay as they are.
   * @param data what each of the kernel's bindings holds before
   * @param planes of the stored tensor, if the kernel decodes one
   * @returns what each binding that the kernel writes holds afterwards
   */
  async run(
    specialization: Specialization,
    data: Readonly<Record<string, Data>>,
    tokens: number,
    planes?: readonly Uint8Array[],
  ): Promise<Record<string, Float32Array<ArrayBuffer>>> {
    const { device } = this.gpu;
    await this.pipelines.prepare([specialization]);
    device.pushErrorScope('validation');
    const buffers: Record<string, BufferView> = {};
    for (const [name, access] of Object.entries(specialization.kernel.bindings)) {
      buffers[name] =
        access === 'uniform' ? await this.uniform(data[name]!) : await this.storage(data[name]!);
    }
    const planeViews = planes && (await Promise.all(planes.map((plane) => this.storage(plane))));
    this.commands.dispatch(specialization, buffers, tokens, planeViews);
    const results: Record<string, Float32Array<ArrayBuffer>> = {};
    for (const [name, access] of Object.entries(specialization.kernel.bindings)) {
      if (access === 'write') results[name] = await this.read(name, buffers[name]!, data[name]!);
    }
    this.ledger.destroyAll();
    const error = await device.popErrorScope();
    if (error) throw new Error(error.message);
    return results;
  }

  private async uniform(data: Data): Promise<BufferView> {
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    const buffer = await this.ledger.create(
      'activations',
      'uniform',
      Math.ceil(data.byteLength / 16) * 16,
      usage,
    );
    this.gpu.device.queue.writeBuffer(buffer, 0, bytesOf(data));
    return { buffer };
  }

  /** Bound from behind the first guard to the end: a kernel that runs over the end meets the second. */
  private async storage(data: Data): Promise<BufferView> {
    const guarded = new Uint8Array(new Uint32Array(guardedBytes(data) / 4).fill(POISON).buffer);
    guarded.set(bytesOf(data), GUARD);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const buffer = await this.ledger.create('activations', 'data', guarded.length, usage);
    this.gpu.device.queue.writeBuffer(buffer, 0, guarded);
    return { buffer, offset: GUARD };
  }

  private async read(
    name: string,
    { buffer }: BufferView,
    data: Data,
  ): Promise<Float32Array<ArrayBuffer>> {
    const bytes = await readBack(this.ledger, this.commands, { buffer, size: buffer.size });
    const words = new Uint32Array(bytes);
    const end = GUARD + data.byteLength;
    for (const [i, word] of words.entries()) {
      if ((i * 4 < GUARD || i * 4 >= end) && word !== POISON) {
        throw new Error(`the kernel wrote outside of ${name}, at byte ${i * 4 - GUARD}`);
      }
    }
    return new Float32Array(bytes.slice(GUARD, end));
  }
}

const bytesOf = (data: Data): Uint8Array<ArrayBuffer> =>
  new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);

const guardedBytes = (data: Data): number => 2 * GUARD + Math.ceil(data.byteLength / 16) * 16;
