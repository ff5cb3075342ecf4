import type { PackTensor } from '../store/manifest.ts';
import type { FileLayout, ModelLayout } from '../store/pack_layout.ts';
import { rowsOf } from './placement.ts';

/**
 * A smaller model whose parts are parts of the given one, at the same places in its files: some of the layers, evenly
 * spread, as types may change from layer to layer, and the first `vocab_size` rows of the embedding and of the output
 * matrix.
 */
export function excerptOf(model: ModelLayout, layers: number, vocab_size: number): ModelLayout {
  const { config } = model;
  const all = model.layers.length;
  const chosen = Array.from({ length: layers }, (_, i) => Math.floor(((i + 0.5) * all) / layers));
  return {
    config: {
      ...config,
      num_hidden_layers: layers,
      layers: chosen.map((from) => config.layers[from]!),
      vocab_size,
    },
    embedding: firstRows(model.embedding, config.vocab_size, vocab_size),
    layers: chosen.map((from, to) => renumbered(model.layers[from]!, from, to)),
    head: firstRows(model.head, config.vocab_size, vocab_size),
  };
}

/** A file of which every matrix has fewer rows; its bytes are those that the rows take. */
function firstRows(file: FileLayout, all: number, rows: number): FileLayout {
  if (rows === all) return file;
  const tensors = file.tensors.map((tensor): PackTensor => {
    if (rowsOf(tensor) !== all) return tensor;
    const planes = tensor.planes.map((plane) => ({ ...plane, bytes: (plane.bytes / all) * rows }));
    return { ...tensor, shape: [rows, ...tensor.shape.slice(1)], planes };
  });
  const bytes = tensors
    .flatMap(({ planes }) => planes)
    .reduce((sum, plane) => sum + plane.bytes, 0);
  return { ...file, bytes, tensors };
}

/** GGUF's tensors carry the number of their layer. */
function renumbered(file: FileLayout, from: number, to: number): FileLayout {
  const tensors = file.tensors.map((tensor) => ({
    ...tensor,
    name: tensor.name.replace(`blk.${from}.`, `blk.${to}.`),
  }));
  return { ...file, tensors };
}
