import { useRef } from 'preact/hooks';
import { chosenFiles } from '../../formats/sources/file_folder.ts';
import { FileIcon } from './icons.tsx';
import { usePage } from './page_context.ts';

/** Opens the picker for a model of one's own: its file or files, a model that was exported, or all that is in a folder. */
export function OpenFilesButton({ folder = false }: { folder?: boolean }) {
  const page = usePage();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" class="button" onClick={() => input.current!.click()}>
        <FileIcon />
        {folder ? 'Open a folder' : 'Open files'}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        {...(folder
          ? { webkitdirectory: true }
          : { multiple: true, accept: '.gguf,.safetensors,.json,.jinja,.model,.txt,.tar' })}
        data-testid={folder ? 'import-folder' : 'import-file'}
        onChange={({ currentTarget }) => {
          const files = [...(currentTarget.files ?? [])];
          // The same file can be chosen again.
          currentTarget.value = '';
          if (files.length > 0) void page.openModel(chosenFiles(files));
        }}
      />
    </>
  );
}
