import type { LoadedModel } from '../worker/protocol.ts';

/** Bytes of all weights on disk. */
export function wholeBytes({ layerBytes, embeddingBytes, headBytes }: LoadedModel): number {
  return layerBytes.reduce((sum, bytes) => sum + bytes, embeddingBytes + headBytes);
}
