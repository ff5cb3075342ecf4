import { useSignal } from '@preact/signals';
import { copyText } from '../copy_text.ts';

/** Copies a text, and says so for a moment. */
export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const shown = useSignal(label);
  return (
    <button
      type="button"
      class="button quiet small"
      data-testid="copy"
      onClick={async () => {
        shown.value = (await copyText(text)) ? 'Copied' : 'Not copied';
        setTimeout(() => {
          shown.value = label;
        }, 1_600);
      }}
    >
      {shown}
    </button>
  );
}
