import { llamaConfig } from '../../../src/model/shapes.ts';
import type { Manifest, PackFile } from '../../../src/store/manifest.ts';
import { type FileLayout, layerFile, layoutFile } from '../../../src/store/pack_layout.ts';

/** The manifest of a model with two layers, an untied head and eight tokens; made anew, to be broken. */
export function manifestFixture(): Manifest {
  return structuredClone({
    format: 'lamina-pack',
    version: 4,
    name: 'A small model',
    source: { name: 'small.gguf', bytes: 100_000, version: '1' },
    config: llamaConfig({
      num_hidden_layers: 2,
      hidden_size: 64,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      head_dim: 16,
      intermediate_size: 128,
      vocab_size: 8,
      max_position_embeddings: 2048,
      rope_theta: 10_000,
      tie_word_embeddings: false,
    }),
    tokenizer: {
      model: 'BPE',
      alphabet: 'byte_level',
      normalizer: null,
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
      tokens: ['a', 'b', 'c', 'd', 'ab', 'cd', 'abcd', '<end>'],
      token_types: [1, 1, 1, 1, 1, 1, 1, 3],
      lstrip_token_ids: [],
      rstrip_token_ids: [7],
      merges: ['a b', 'c d', 'ab cd'],
      scores: [],
      ignore_merges: false,
      byte_fallback: false,
      bos_token_id: null,
      eos_token_id: 7,
      unknown_token_id: null,
      add_bos_token: false,
      add_eos_token: false,
      add_space_prefix: false,
      stop_token_ids: [7],
      chat_template: '{{ messages }}',
      tool_use_template: null,
    },
    embedding: hashed(
      layoutFile('embedding.bin', [{ name: 'token_embd.weight', type: 'Q8_0', shape: [8, 64] }]),
    ),
    layers: [layer(0), layer(1)],
    head: hashed(
      layoutFile('head.bin', [
        { name: 'output_norm.weight', type: 'F32', shape: [64] },
        { name: 'output.weight', type: 'Q4_0', shape: [8, 64] },
      ]),
    ),
  } satisfies Manifest);
}

function layer(index: number): PackFile {
  return hashed(
    layoutFile(layerFile(index), [
      { name: `blk.${index}.attn_norm.weight`, type: 'F32', shape: [64] },
      { name: `blk.${index}.attn_q.weight`, type: 'Q4_1', shape: [64, 64] },
      { name: `blk.${index}.attn_k.weight`, type: 'Q4_1', shape: [32, 64] },
      { name: `blk.${index}.attn_v.weight`, type: 'Q4_1', shape: [32, 64] },
      { name: `blk.${index}.attn_output.weight`, type: 'Q4_1', shape: [64, 64] },
      { name: `blk.${index}.ffn_norm.weight`, type: 'F32', shape: [64] },
      { name: `blk.${index}.ffn_gate.weight`, type: 'Q4_1', shape: [128, 64] },
      { name: `blk.${index}.ffn_up.weight`, type: 'Q4_1', shape: [128, 64] },
      { name: `blk.${index}.ffn_down.weight`, type: 'Q4_1', shape: [64, 128] },
    ]),
  );
}

function hashed(layout: FileLayout): PackFile {
  return { ...layout, pieces: ['0123456789abcdef'.repeat(4)] };
}
