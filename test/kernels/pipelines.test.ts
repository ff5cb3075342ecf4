import { expect, test } from 'vitest';
import { ShaderError } from '../../src/gpu/errors.ts';
import type { Kernel } from '../../src/gpu/kernel.ts';
import { repetition_penalty } from '../../src/gpu/kernels.ts';
import { Pipelines } from '../../src/gpu/pipelines.ts';
import { openNullDevice } from './null_device.ts';

const device = await openNullDevice();

const broken: Kernel = {
  label: 'broken',
  wgsl: `@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1)
fn broken() { y[0] = 1u; }`,
  bindings: { y: 'write' },
  decodes: false,
  workgroups: () => [1, 1],
};

test('a kernel that does not compile is refused with its name, the line and the reason', async () => {
  const error = await new Pipelines(device)
    .prepare([{ kernel: broken, constants: {} }])
    .catch((reason) => reason);
  expect(error).toBeInstanceOf(ShaderError);
  expect(error.details.kernel).toBe('broken');
  expect(error.details.reason).toMatch(/^3:20 .*cannot assign.*u32.*f32/);
});

test('it is told once: no error is left over for whoever watches the device', async () => {
  const seen: string[] = [];
  const watch = ({ error }: GPUUncapturedErrorEvent) => void seen.push(error.message);
  device.addEventListener('uncapturederror', watch);
  await new Pipelines(device).prepare([{ kernel: broken, constants: {} }]).catch(() => undefined);
  await device.queue.onSubmittedWorkDone();
  device.removeEventListener('uncapturederror', watch);
  expect(seen).toEqual([]);
});

test('a kernel whose bindings are not those of its shader is refused', async () => {
  const kernel = {
    ...repetition_penalty,
    bindings: { penalty: 'read', last: 'read', seen: 'write', logits: 'write' },
  } as const;
  const pipelines = new Pipelines(device);
  await expect(pipelines.prepare([{ kernel, constants: { VOCAB: 5 } }])).rejects.toThrow(
    ShaderError,
  );
});

test('a kernel without a constant that it needs is refused', async () => {
  const pipelines = new Pipelines(device);
  await expect(pipelines.prepare([{ kernel: repetition_penalty, constants: {} }])).rejects.toThrow(
    ShaderError,
  );
});

test('the faults of one kernel leave the others usable', async () => {
  const pipelines = new Pipelines(device);
  const good = { kernel: repetition_penalty, constants: { VOCAB: 5 } };
  await expect(pipelines.prepare([{ kernel: broken, constants: {} }, good])).rejects.toThrow(
    ShaderError,
  );
  await pipelines.prepare([good]);
  expect(pipelines.get(good).label).toBe('repetition_penalty VOCAB=5');
});

test('each specialization is compiled once', async () => {
  const pipelines = new Pipelines(device);
  const create = device.createComputePipelineAsync.bind(device);
  const labels: (string | undefined)[] = [];
  device.createComputePipelineAsync = (descriptor) => {
    labels.push(descriptor.label);
    return create(descriptor);
  };
  const five = { kernel: repetition_penalty, constants: { VOCAB: 5 } };
  const six = { kernel: repetition_penalty, constants: { VOCAB: 6 } };
  await pipelines.prepare([five, six, five]);
  await pipelines.prepare([six, five]);
  device.createComputePipelineAsync = create;
  expect(labels).toEqual(['repetition_penalty VOCAB=5', 'repetition_penalty VOCAB=6']);
  expect(pipelines.get(five)).not.toBe(pipelines.get(six));
});

test('a kernel that was not prepared is an error, not a stall in mid-answer', () => {
  const pipelines = new Pipelines(device);
  expect(() => pipelines.get({ kernel: repetition_penalty, constants: { VOCAB: 7 } })).toThrow(
    'was not prepared',
  );
});
