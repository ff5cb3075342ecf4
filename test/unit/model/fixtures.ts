import { gunzipSync } from 'node:zlib';
import type { Checkpoint, MetadataValue, TensorInfo } from '../../../src/formats/checkpoint.ts';
import { readGguf } from '../../../src/formats/gguf/read_gguf.ts';
import { readTokenizer } from '../../../src/model/gguf_tokenizer.ts';
import type { TokenizerData } from '../../../src/model/tokenizer_data.ts';
import { golden } from '../store/golden.ts';
import { TestSource } from '../store/test_source.ts';

export type Metadata = Record<string, MetadataValue>;

export async function goldenJson(path: string) {
  return JSON.parse(new TextDecoder().decode(await golden(path)));
}

/** A checkpoint of nothing but metadata and tensors, to be broken. */
export function checkpointOf(metadata: Metadata, tensors: readonly TensorInfo[] = []): Checkpoint {
  return {
    format: 'gguf',
    documents: {},
    source: new TestSource(new Uint8Array(), 'model.gguf'),
    metadata: new Map(Object.entries(metadata)),
    tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
    tables: new Map(),
  };
}

/** One of test/golden/gguf or gguf-bad, read as a file. */
export async function goldenCheckpoint(path: string): Promise<Checkpoint> {
  return readGguf(new TestSource(await golden(path), path));
}

/** The `tokenizer.*` metadata of SmolLM2-135M-Instruct. */
export async function smollm2Metadata(): Promise<Metadata> {
  const packed = await golden('smollm2-tokenizer.json.gz');
  return JSON.parse(new TextDecoder().decode(gunzipSync(packed)));
}

export async function smollm2(): Promise<TokenizerData> {
  return readTokenizer(checkpointOf(await smollm2Metadata()), 49152);
}
