import { LaminaError, registerErrors } from '../errors.ts';

/** There is no `navigator.gpu`. */
export class WebGpuUnavailableError extends LaminaError {
  constructor(details: Record<string, never> = {}) {
    super(
      'This browser has no WebGPU here. Use a current Chrome, Edge, Safari or Firefox, over https or on localhost.',
      details,
    );
  }
}

/** WebGPU is there, but gives no adapter. */
export class NoAdapterError extends LaminaError {
  constructor(details: Record<string, never> = {}) {
    super(
      'WebGPU found no graphics adapter. Switch on hardware acceleration in the browser’s settings, or update the graphics driver.',
      details,
    );
  }
}

/** The GPU device went away: driver reset, GPU removed, or the system took it back. */
export class DeviceLostError extends LaminaError {
  constructor(details: { reason: string }) {
    super(
      `The graphics device was lost (${details.reason || 'no reason given'}). Load the model again; close other programs that use the GPU if it happens again.`,
      details,
    );
  }
}

/** An allocation would go over the budget that the user set. */
export class GpuBudgetError extends LaminaError {
  constructor(details: { label: string; bytes: number; used: number; budget: number }) {
    super(
      `"${details.label}" needs ${details.bytes} bytes of GPU memory; ${details.used} of the budget of ${details.budget} are in use. Raise the budget, or use a shorter context.`,
      details,
    );
  }
}

/** One buffer would be larger than the GPU allows. */
export class GpuBufferSizeError extends LaminaError {
  constructor(details: { label: string; bytes: number; limit: number }) {
    super(
      `"${details.label}" needs ${details.bytes} bytes in one piece; this GPU allows ${details.limit}. Use a shorter context, or a smaller model.`,
      details,
    );
  }
}

/** The GPU has no memory left. */
export class GpuOutOfMemoryError extends LaminaError {
  constructor(details: { label: string; bytes: number }) {
    super(
      `The GPU has no memory left for "${details.label}" (${details.bytes} bytes). Close other tabs or programs that use the GPU, or use a shorter context.`,
      details,
    );
  }
}

/** A kernel does not compile: a defect of Lamina or of the driver, never of the model. */
export class ShaderError extends LaminaError {
  constructor(details: { kernel: string; reason: string }) {
    super(
      `The kernel ${details.kernel} was refused by this device: ${details.reason}. Please report this with the name of your GPU and browser.`,
      details,
    );
  }
}

/** WebGPU refused a command: a defect of Lamina. */
export class GpuValidationError extends LaminaError {
  constructor(details: { reason: string }) {
    super(`WebGPU refused a command: ${details.reason}. Please report this.`, details);
  }
}

registerErrors({
  WebGpuUnavailableError,
  NoAdapterError,
  DeviceLostError,
  GpuBudgetError,
  GpuBufferSizeError,
  GpuOutOfMemoryError,
  ShaderError,
  GpuValidationError,
});
