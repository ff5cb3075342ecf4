/** A file of the user's that is written part by part. */
export interface FileSink {
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** The file is whole. */
  close(): Promise<void>;
  /** Nothing is kept. */
  abort(): Promise<void>;
}

/** Not yet in TypeScript's library. */
interface SavePicker {
  showSaveFilePicker?(options: object): Promise<RemovableHandle>;
}

/** `remove()` is not in all browsers. */
interface RemovableHandle extends FileSystemFileHandle {
  remove?(): Promise<void>;
}

/** Offers text as a file to be kept. */
export function saveFile(name: string, type: string, text: string): void {
  download(name, new Blob([text], { type }));
}

/**
 * A tar file to write to: where the user wants it, else a download once it is whole, which browsers keep on disk
 * when it is large. Only a click may ask.
 * @returns null when the user wants none
 */
export async function openArchiveSink(name: string): Promise<FileSink | null> {
  const picker = globalThis as SavePicker;
  if (!picker.showSaveFilePicker) return downloadSink(name);
  const types = [{ description: 'Exported model', accept: { 'application/x-tar': ['.tar'] } }];
  try {
    const handle = await picker.showSaveFilePicker({ suggestedName: name, types });
    return pickedSink(handle, await handle.createWritable());
  } catch (error) {
    if ((error as Error).name === 'AbortError') return null;
    throw error;
  }
}

function pickedSink(handle: RemovableHandle, file: FileSystemWritableFileStream): FileSink {
  return {
    write: (bytes) => file.write(bytes),
    close: () => file.close(),
    async abort() {
      await file.abort();
      // The picker has made the file, empty.
      await handle.remove?.();
    },
  };
}

function downloadSink(name: string): FileSink {
  let parts: Blob[] = [];
  return {
    async write(bytes) {
      parts.push(new Blob([bytes]));
    },
    async close() {
      download(name, new Blob(parts, { type: 'application/x-tar' }));
    },
    async abort() {
      parts = [];
    },
  };
}

function download(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // Some browsers read it only after the click.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
