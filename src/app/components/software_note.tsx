import { usePage } from './page_context.ts';

/** Said where there is no graphics card behind WebGPU. */
export function SoftwareNote() {
  if (!usePage().models.environment.value?.adapter.software) return null;
  return (
    <p class="software-note">
      The GPU is emulated on the CPU here. Answers are the same, only slower.
    </p>
  );
}
