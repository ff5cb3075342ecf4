import type { TensorInfo } from '../checkpoint.ts';
import { TensorDimsError } from '../errors.ts';
import { BLOCKS_ENDING, SCALES_ENDING } from './parse_header.ts';
import type { StoredInfo } from './place_tensors.ts';

/** A block's codes, two in a byte. */
const CODE_BYTES = 16;

/**
 * MXFP4 tensors whose codes `<name>_blocks`, bytes `[…, blocks, 16]`, and scales `<name>_scales`, bytes `[…, blocks]`,
 * are stored apart, as in OpenAI's checkpoints: each pair becomes one tensor `<name>` of the shape `[…, 32 blocks]`.
 * @throws TensorDimsError where one is without the other, or of another shape
 */
export function joinMxfp4(
  source: string,
  tensors: ReadonlyMap<string, StoredInfo>,
): Map<string, TensorInfo> {
  const joined = new Map<string, TensorInfo>();
  for (const [name, tensor] of tensors) {
    const { type } = tensor;
    if (type !== 'U8') {
      joined.set(name, { ...tensor, type });
      continue;
    }
    const base = name.slice(0, -BLOCKS_ENDING.length);
    const [blocks, scales] = [BLOCKS_ENDING, SCALES_ENDING].map((end) => tensors.get(base + end));
    const whole = scales?.type === 'U8' && scales.shape.length > 0 ? scales.shape : null;
    if (!whole || blocks?.type !== 'U8' || blocks.shape.join() !== [...whole, CODE_BYTES].join()) {
      const reason = `[${tensor.shape.join(', ')}] are bytes, and no half of MXFP4 blocks: ${base}${BLOCKS_ENDING} [..., blocks, ${CODE_BYTES}] with ${base}${SCALES_ENDING} [..., blocks]`;
      throw new TensorDimsError({ source, tensor: name, reason });
    }
    if (tensor !== blocks) continue;
    const shape = [...whole.slice(0, -1), 32 * whole.at(-1)!];
    const { source: file, offset, bytes } = scales!;
    joined.set(base, {
      ...blocks,
      name: base,
      type: 'MXFP4',
      shape,
      scales: { source: file, offset, bytes },
    });
  }
  return joined;
}

/**
 * Blocks of codes and their scales as GGUF has them, 17 bytes each. Here a byte holds two neighbours, there two values
 * that are 16 apart.
 * @param codes 16 bytes a block
 * @param scales a byte for each
 */
export function mxfp4Blocks(codes: Uint8Array, scales: Uint8Array): Uint8Array<ArrayBuffer> {
  const blocks = new Uint8Array(scales.length * (1 + CODE_BYTES));
  for (let b = 0; b < scales.length; b++) {
    const [from, to] = [b * CODE_BYTES, b * (1 + CODE_BYTES)];
    blocks[to] = scales[b]!;
    for (let i = 0; i < CODE_BYTES; i += 2) {
      const low = codes[from + i / 2]!;
      const high = codes[from + CODE_BYTES / 2 + i / 2]!;
      blocks[to + 1 + i] = (low & 15) | ((high & 15) << 4);
      blocks[to + 2 + i] = (low >> 4) | (high & 0xf0);
    }
  }
  return blocks;
}
