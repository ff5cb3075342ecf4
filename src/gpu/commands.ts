import type { BufferView, Specialization } from './kernel.ts';
import type { Pipelines } from './pipelines.ts';

/** A kernel with everything it needs: running it again creates nothing. */
export interface Recorded {
  readonly pipeline: GPUComputePipeline;
  readonly groups: readonly GPUBindGroup[];
  readonly workgroups: readonly [x: number, y: number];
}

export function encode(
  pass: GPUComputePassEncoder,
  { pipeline, groups, workgroups }: Recorded,
): void {
  pass.setPipeline(pipeline);
  for (const [i, group] of groups.entries()) pass.setBindGroup(i, group);
  pass.dispatchWorkgroups(workgroups[0], workgroups[1]);
}

/** Records kernels and copies in order, and submits them together. */
export class Commands {
  readonly device: GPUDevice;
  private readonly pipelines: Pipelines;
  private encoder: GPUCommandEncoder | null = null;
  private pass: GPUComputePassEncoder | null = null;
  private afterSubmit: (() => void)[] = [];

  constructor(device: GPUDevice, pipelines: Pipelines) {
    this.device = device;
    this.pipelines = pipelines;
  }

  /**
   * Records one kernel.
   * @param buffers a buffer for every binding of the kernel, by name
   * @param tokens rows of activations (what the kernel's `workgroups` calls tokens)
   * @param planes of the stored tensor, if the kernel decodes one
   */
  dispatch(
    specialization: Specialization,
    buffers: Readonly<Record<string, BufferView>>,
    tokens: number,
    planes?: readonly BufferView[],
  ): void {
    this.run(this.prepare(specialization, buffers, tokens, planes));
  }

  /** What `dispatch` would record, for `run`. */
  prepare(
    specialization: Specialization,
    buffers: Readonly<Record<string, BufferView>>,
    tokens: number,
    planes?: readonly BufferView[],
  ): Recorded {
    const { kernel, constants } = specialization;
    const pipeline = this.pipelines.get(specialization);
    const views = Object.keys(kernel.bindings).map((name) => {
      const view = buffers[name];
      if (!view) throw new TypeError(`${kernel.label} needs a buffer for "${name}"`);
      return view;
    });
    const groups = planes ? [views, planes] : [views];
    return {
      pipeline,
      groups: groups.map((group, i) => this.bindGroup(pipeline, i, group)),
      workgroups: kernel.workgroups(constants, tokens),
    };
  }

  run(recorded: Recorded): void {
    encode(this.openPass(), recorded);
  }

  copy(from: GPUBuffer, fromOffset: number, to: GPUBuffer, toOffset: number, size: number): void {
    this.closePass();
    this.openEncoder().copyBufferToBuffer(from, fromOffset, to, toOffset, size);
  }

  /** Runs `action` once what is recorded so far has been submitted. */
  onSubmit(action: () => void): void {
    this.afterSubmit.push(action);
  }

  submit(): void {
    this.closePass();
    if (this.encoder) this.device.queue.submit([this.encoder.finish()]);
    this.encoder = null;
    const actions = this.afterSubmit;
    this.afterSubmit = [];
    for (const action of actions) action();
  }

  private openEncoder(): GPUCommandEncoder {
    this.encoder ??= this.device.createCommandEncoder();
    return this.encoder;
  }

  private openPass(): GPUComputePassEncoder {
    this.pass ??= this.openEncoder().beginComputePass();
    return this.pass;
  }

  private closePass(): void {
    this.pass?.end();
    this.pass = null;
  }

  private bindGroup(
    pipeline: GPUComputePipeline,
    group: number,
    views: readonly BufferView[],
  ): GPUBindGroup {
    return this.device.createBindGroup({
      layout: pipeline.getBindGroupLayout(group),
      entries: views.map((resource, binding) => ({ binding, resource })),
    });
  }
}
