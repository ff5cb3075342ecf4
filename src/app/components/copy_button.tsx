import { useSignal } from '@preact/signals';
import { copyText } from '../copy_text.ts';

/** Copies an answer as Markdown, and says so for a moment. */
export function CopyButton({ text }: { text: string }) {
  const label = useSignal('Copy');
  return (
    <button
      type="button"
      class="button quiet small"
      data-testid="copy"
      onClick={async () => {
        label.value = (await copyText(text)) ? 'Copied' : 'Not copied';
        setTimeout(() => {
          label.value = 'Copy';
        }, 1_600);
      }}
    >
      {label}
    </button>
  );
}
