/** What a device makes that stays until it is collected or destroyed; encoders and passes end with their submission. */
const LASTING = [
  'createBuffer',
  'createBindGroup',
  'createBindGroupLayout',
  'createPipelineLayout',
  'createComputePipeline',
  'createComputePipelineAsync',
  'createShaderModule',
  'createQuerySet',
  'createTexture',
  'createSampler',
] as const;

/** How often each of them has been called. */
export type Creations = Readonly<Record<(typeof LASTING)[number], number>>;

/** Counts what a device makes from now on. */
export function countCreations(device: GPUDevice): () => Creations {
  const counts = Object.fromEntries(LASTING.map((name) => [name, 0]));
  for (const name of LASTING) {
    const create = device[name].bind(device) as (...args: unknown[]) => unknown;
    const counted = (...args: unknown[]) => {
      counts[name]! += 1;
      return create(...args);
    };
    Object.defineProperty(device, name, { value: counted, configurable: true });
  }
  return () => ({ ...counts }) as Creations;
}
