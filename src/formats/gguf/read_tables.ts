import type { TensorInfo } from '../checkpoint.ts';
import type { ByteSource } from '../source.ts';

/** What RoPE's frequencies are divided by: Llama 3.1's factors, and Phi-3's for short and long contexts. */
const TABLES: readonly string[] = [
  'rope_freqs.weight',
  'rope_factors_short.weight',
  'rope_factors_long.weight',
];
/** A factor for each pair of a head's dimensions. */
const MOST_VALUES = 4096;

/** The values of such tensors, F32; one of another type or shape is left a tensor that nobody knows. */
export async function readTables(
  source: ByteSource,
  tensors: ReadonlyMap<string, TensorInfo>,
  signal?: AbortSignal,
): Promise<Map<string, Float32Array>> {
  const tables = new Map<string, Float32Array>();
  for (const name of TABLES) {
    const info = tensors.get(name);
    if (info?.type !== 'F32' || info.shape.length !== 1 || info.shape[0]! > MOST_VALUES) continue;
    const bytes = await source.read(info.offset, info.bytes, signal);
    tables.set(name, new Float32Array(bytes.slice().buffer));
  }
  return tables;
}
