import { BLOCK_TYPES } from '../formats/block_types.ts';
import { ShaderError } from './errors.ts';
import type { Access, Specialization } from './kernel.ts';
import { moduleLabel, moduleText } from './module_text.ts';

const BUFFER_TYPES: Readonly<Record<Access, GPUBufferBindingType>> = {
  uniform: 'uniform',
  read: 'read-only-storage',
  write: 'storage',
};

/** Compiled kernels of one device. Everything a model needs is compiled before its first token. */
export class Pipelines {
  private readonly device: GPUDevice;
  private readonly compiled = new Map<string, GPUComputePipeline>();
  private readonly modules = new Map<string, GPUShaderModule>();

  private static readonly all = new WeakMap<GPUDevice, Pipelines>();

  constructor(device: GPUDevice) {
    this.device = device;
  }

  /** The pipelines that everybody on a device shares: what one model had compiled is there for the next. */
  static of(device: GPUDevice): Pipelines {
    let pipelines = Pipelines.all.get(device);
    if (!pipelines) {
      pipelines = new Pipelines(device);
      Pipelines.all.set(device, pipelines);
    }
    return pipelines;
  }

  /** Compiles what is not compiled yet. @throws ShaderError */
  async prepare(specializations: Iterable<Specialization>): Promise<void> {
    const pending = new Map<string, Promise<void>>();
    for (const specialization of specializations) {
      const key = keyOf(specialization);
      if (!this.compiled.has(key) && !pending.has(key)) {
        pending.set(key, this.compile(key, specialization));
      }
    }
    await Promise.all(pending.values());
  }

  /** A prepared pipeline. */
  get(specialization: Specialization): GPUComputePipeline {
    const pipeline = this.compiled.get(keyOf(specialization));
    if (!pipeline) {
      throw new ShaderError({ kernel: keyOf(specialization), reason: 'it was not prepared' });
    }
    return pipeline;
  }

  private async compile(key: string, specialization: Specialization): Promise<void> {
    const { kernel, constants } = specialization;
    const module = this.module(specialization);
    try {
      const pipeline = await this.device.createComputePipelineAsync({
        label: key,
        layout: this.layout(specialization),
        compute: {
          module,
          entryPoint: kernel.label,
          constants: Object.fromEntries(
            Object.entries(constants).map(([name, value]) => [name, Number(value)]),
          ),
        },
      });
      this.compiled.set(key, pipeline);
    } catch (error) {
      const { messages } = await module.getCompilationInfo();
      const faults = messages
        .filter(({ type }) => type === 'error')
        .map(({ lineNum, linePos, message }) => `${lineNum}:${linePos} ${message}`);
      throw new ShaderError({ kernel: key, reason: faults.join('; ') || String(error) });
    }
  }

  private module(specialization: Specialization): GPUShaderModule {
    const label = moduleLabel(specialization);
    let module = this.modules.get(label);
    if (!module) {
      // `compile` reports what is wrong with it.
      this.device.pushErrorScope('validation');
      module = this.device.createShaderModule({ label, code: moduleText(specialization) });
      this.device.popErrorScope().catch(() => undefined);
      this.modules.set(label, module);
    }
    return module;
  }

  private layout({ kernel, type }: Specialization): GPUPipelineLayout {
    const groups = [Object.values(kernel.bindings)];
    const planes = type ? BLOCK_TYPES[type].planes.length : (kernel.vectors ?? 0);
    if (planes > 0) groups.push(Array(planes).fill('read'));
    return this.device.createPipelineLayout({
      label: kernel.label,
      bindGroupLayouts: groups.map((accesses) =>
        this.device.createBindGroupLayout({
          label: kernel.label,
          entries: accesses.map((access, binding) => ({
            binding,
            visibility: GPUShaderStage.COMPUTE,
            buffer: { type: BUFFER_TYPES[access] },
          })),
        }),
      ),
    });
  }
}

function keyOf(specialization: Specialization): string {
  const shape = Object.entries(specialization.constants).map(
    ([name, value]) => `${name}=${Number(value)}`,
  );
  return [moduleLabel(specialization), ...shape].join(' ');
}
