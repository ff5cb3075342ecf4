import { useCallback } from 'preact/hooks';
import { useFileDrop } from '../use_file_drop.ts';
import { usePage } from './page_context.ts';

/** Takes a model that is dropped on the page, and says so while it hovers. */
export function FileDrop() {
  const page = usePage();
  const over = useFileDrop(
    useCallback(() => ['welcome', 'ready'].includes(page.models.stage.value.kind), [page]),
    useCallback((files) => void page.openModel(files), [page]),
  );
  if (!over.value) return null;
  return (
    <div class="drop-hint">
      <p>Drop the model’s files or its folder to open it</p>
    </div>
  );
}
