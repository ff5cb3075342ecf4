import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

/**
 * The whole window takes a file that is dropped on it.
 * @param takes whether a file is wanted at the moment; without it, a drop does nothing, and never leaves the page
 * @returns true while a wanted file hovers over the window
 */
export function useFileDrop(takes: () => boolean, onFile: (file: File) => void): Signal<boolean> {
  const over = useSignal(false);
  useEffect(() => {
    const listeners = new AbortController();
    const { signal } = listeners;
    window.addEventListener(
      'dragover',
      (event) => {
        if (!event.dataTransfer?.types.includes('Files')) return;
        event.preventDefault();
        over.value = takes();
      },
      { signal },
    );
    window.addEventListener(
      'dragleave',
      ({ relatedTarget }) => {
        if (relatedTarget === null) over.value = false;
      },
      { signal },
    );
    window.addEventListener(
      'drop',
      (event) => {
        const file = event.dataTransfer?.files[0];
        if (!file) return;
        event.preventDefault();
        over.value = false;
        if (takes()) onFile(file);
      },
      { signal },
    );
    return () => listeners.abort();
  }, [takes, onFile, over]);
  return over;
}
