import { useRef } from 'preact/hooks';
import { FileIcon } from './icons.tsx';
import { usePage } from './page_context.ts';

/** Opens the file picker for a model of one's own. */
export function OpenFileButton({ label = 'Open a .gguf file' }: { label?: string }) {
  const page = usePage();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" class="button" onClick={() => input.current!.click()}>
        <FileIcon />
        {label}
      </button>
      <input
        ref={input}
        type="file"
        accept=".gguf"
        hidden
        data-testid="import-file"
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0];
          // The same file can be chosen again.
          currentTarget.value = '';
          if (file) void page.openModel(file);
        }}
      />
    </>
  );
}
