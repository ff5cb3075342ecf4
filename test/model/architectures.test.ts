import { beforeAll, describe, expect, test } from 'vitest';
import { ContextLengthError } from '../../src/engine/errors.ts';
import { Conversation } from '../../src/engine/generate.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { openDevice } from '../kernels/device.ts';
import { importTiny, importTinyFolder, load, logitsOf, openTiny, type TinyModel } from './lab.ts';

interface Expected {
  readonly input_ids: readonly [readonly number[]];
  /** The tokens to which the reference's rows of logits belong. */
  readonly positions: readonly number[];
  readonly greedy: readonly number[];
  readonly tolerance: { readonly recommended_atol_f32: number };
}

/** A checkpoint of test/golden, and what Hugging Face's implementation makes of it. */
interface Case {
  readonly name: string;
  readonly model: string;
  readonly expected: string;
  readonly logits: string;
}

const GGUF: readonly Case[] = ['llama3-ropefreqs', 'qwen2', 'qwen3', 'gemma3', 'phi3']
  .map((name) => ({
    name: `${name} from a GGUF file`,
    model: `gguf/${name}-f16.gguf`,
    expected: `gguf/${name}-f16.expected.json`,
    logits: `gguf/${name}-f16.logits.f32`,
  }))
  .concat({
    name: 'gpt_oss from a GGUF file',
    model: 'gguf/gpt-oss-mxfp4.gguf',
    expected: 'arch/gpt_oss/expected.json',
    logits: 'arch/gpt_oss/logits.f32',
  });

/** Hugging Face checkpoints: a folder each. The sizes of the odd ones are multiples of nothing. */
const FOLDERS: readonly Case[] = [
  'llama_tied',
  'llama3_rope',
  'mistral_swa',
  'smollm3',
  'qwen2',
  'qwen3',
  'gemma2',
  'gemma3_text',
  'phi3',
  'phi3_longrope',
  'gpt2',
  'opt',
  'bloom',
  'olmo2',
  'granite',
  'mixtral',
  'qwen3_moe',
  'gpt_oss',
  'odd_llama',
  'odd_qwen3_moe',
  'odd_smollm3',
  'odd_gemma3',
  'odd_phi3_short',
  'odd_granite',
  'odd_opt',
  'odd_bloom',
].map((name) => ({
  name,
  model: `arch/${name}`,
  expected: `arch/${name}/expected.json`,
  logits: `arch/${name}/logits.f32`,
}));

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openDevice();
});

describe.each([...GGUF, ...FOLDERS])('$name', ({ model, expected: path, logits: rows }) => {
  let tiny: TinyModel;
  let expected: Expected;
  let reference: Float32Array;
  beforeAll(async () => {
    tiny = await (model.endsWith('.gguf') ? importTiny(model) : importTinyFolder(model));
    expected = JSON.parse(new TextDecoder().decode(await load(path)));
    reference = new Float32Array(await load(rows));
  });

  test.each(['strict', 'resident'] as const)(
    '%s, has the logits of the reference at every position it has, and goes on with its tokens',
    async (residency) => {
      const ids = expected.input_ids[0];
      // As long as the text will be: RoPE's factors may depend on it.
      const context_length = ids.length + expected.greedy.length;
      const engine = await openTiny(gpu, tiny, { residency, precision: 'f32', context_length });
      const rows = await logitsOf(engine, ids);
      const { vocab_size } = engine.config;
      const actual = expected.positions.flatMap((position) => [
        ...rows.subarray(position * vocab_size, (position + 1) * vocab_size),
      ]);
      expect(differenceOf(actual, reference)).toBeLessThan(expected.tolerance.recommended_atol_f32);
      const { token_ids } = await new Conversation(engine).generate(ids, [], { max_tokens: 16 });
      expect(token_ids).toEqual(expected.greedy);
      engine.destroy();
    },
  );
});

test.each(['strict', 'resident'] as const)(
  '%s, learned positions end with their table, whatever context is asked for',
  async (residency) => {
    const tiny = await importTinyFolder('arch/odd_opt');
    const { max_position_embeddings: rows } = tiny.manifest.config;
    const engine = await openTiny(gpu, tiny, { residency, context_length: 2 * rows });
    expect(engine.context_length).toBe(rows);
    await expect(engine.prefill(Array(rows + 1).fill(1), 0)).rejects.toThrow(ContextLengthError);
    await engine.prefill(Array(rows).fill(1), 0);
    engine.destroy();
  },
);

function differenceOf(a: readonly number[], b: Float32Array): number {
  expect(a.length).toBe(b.length);
  let largest = 0;
  for (const [i, value] of a.entries()) {
    const difference = Math.abs(value - b[i]!);
    // Also where it is no number.
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}
