import type { EncodedTypeName } from '../formats/block_types.ts';
import { fileName } from '../formats/folder.ts';
import { sha256 } from '../formats/sha256.ts';
import type { SourceIdentity } from '../formats/source.ts';

/**
 * The name of a source's pack: readable, and another one for every other name, size, version or type to quantize to,
 * such as `smollm2-135m-instruct.q4_1-1a2b3c4d`.
 */
export async function packId(
  { name, size, version }: SourceIdentity,
  quantize?: EncodedTypeName,
): Promise<string> {
  const slug = fileName(name)
    .replace(/\.(gguf|safetensors)$/i, '')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 80);
  const identity = [name, size, version, ...(quantize ? [quantize] : [])];
  const hash = await sha256(new TextEncoder().encode(JSON.stringify(identity)));
  const type = quantize ? `.${quantize.toLowerCase()}` : '';
  return `${slug || 'model'}${type}-${hash.slice(0, 8)}`;
}
