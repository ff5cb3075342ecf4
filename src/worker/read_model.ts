import type { Checkpoint } from '../formats/checkpoint.ts';
import { readCheckpoint } from '../formats/read_checkpoint.ts';
import { openFileFolder } from '../formats/sources/file_folder.ts';
import { locateRemote } from '../formats/sources/remote_model.ts';
import { ModelLocationError } from './errors.ts';
import type { ModelSource } from './protocol.ts';

/**
 * The table of contents of a checkpoint, wherever it is.
 * @throws ModelLocationError, and the errors of `readCheckpoint`
 */
export async function readModel(source: ModelSource, signal?: AbortSignal): Promise<Checkpoint> {
  if ('files' in source) {
    // A file that was chosen alone is the model, whatever it is called.
    const only = source.files.length === 1 ? source.files[0]!.path : undefined;
    return readCheckpoint(openFileFolder(source), only, signal);
  }
  const { url, token } = source;
  const location = locateRemote(url, { token });
  if (!location) throw new ModelLocationError({ location: url });
  return readCheckpoint(location.folder, location.path, signal);
}
