import type { ChatModel } from '../engine/chat_model.ts';
import type { Part } from '../engine/weights_layout.ts';
import type { LoadedModel, Residence } from './protocol.ts';

/** A model as the page is told of it. */
export function describeModel(model: ChatModel): LoadedModel {
  const { pack, manifest, engine, plan } = model;
  return {
    pack,
    name: manifest.name,
    config: manifest.config,
    residency: engine.residency,
    layerBytes: manifest.layers.map(({ bytes }) => bytes),
    embeddingBytes: manifest.embedding.bytes,
    headBytes: manifest.head.bytes,
    contextLength: engine.context_length,
    residence: residenceOf(model, null),
    plan,
  };
}

/** What of it is on the GPU. @param at the part that is at work */
export function residenceOf({ engine }: ChatModel, at: Part | null): Residence {
  const { bytes, peak } = engine.ledger.read('weights');
  return { at, weightBytes: bytes, peakWeightBytes: peak, bytesRead: engine.weights.bytes_read };
}
