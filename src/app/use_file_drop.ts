import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ChosenFiles } from '../worker/protocol.ts';
import { droppedFiles } from './dropped_files.ts';

/**
 * The whole window takes files and folders that are dropped on it.
 * @param takes whether files are wanted at the moment; without it, a drop does nothing, and never leaves the page
 * @returns true while a wanted file hovers over the window
 */
export function useFileDrop(
  takes: () => boolean,
  onFiles: (files: ChosenFiles) => void,
): Signal<boolean> {
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
        if (!event.dataTransfer?.types.includes('Files')) return;
        event.preventDefault();
        over.value = false;
        if (takes()) void droppedFiles(event.dataTransfer).then(onFiles);
      },
      { signal },
    );
    return () => listeners.abort();
  }, [takes, onFiles, over]);
  return over;
}
