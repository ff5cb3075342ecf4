import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);
/** Dawn is unloaded with its last `GPU` object. */
const dawn = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);

/** A device that checks every command and compiles every shader, and runs none. */
export async function openNullDevice(features: GPUFeatureName[] = []): Promise<GPUDevice> {
  const adapter = await dawn.requestAdapter();
  return adapter!.requestDevice({ requiredFeatures: features });
}
