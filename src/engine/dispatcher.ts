import type { BufferView, Specialization } from '../gpu/kernel.ts';

/** Takes kernels in order: `Commands` runs them, a collector only notes which pipelines they need. */
export interface Dispatcher {
  dispatch(
    specialization: Specialization,
    buffers: Readonly<Record<string, BufferView>>,
    tokens: number,
    planes?: readonly BufferView[],
  ): void;
}
