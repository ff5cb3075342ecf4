import { attention } from '../engine/attention_ops.ts';
import type { Dispatcher } from '../engine/dispatcher.ts';
import { normedMiddle } from '../engine/feed_forward_ops.ts';
import type { WeightTensor } from '../engine/slot.ts';
import { BLOCK_TYPES, type BlockTypeName } from '../formats/block_types.ts';
import type { ModelConfig } from '../model/config.ts';
import { EMBEDDING_ROWS, type KernelLab } from './kernel_lab.ts';
import type { Pass } from './kernel_work.ts';

/** Some steps of a model, of which each dispatch is measured on its own. */
export interface KernelBench {
  readonly name: string;
  readonly pass: Pass;
  /** The matrix that the steps read; of its copies each run takes the next. */
  readonly matrix?: { readonly type: BlockTypeName; readonly rows: number; readonly cols: number };
  /** The steps look at the cache of a layer; each run takes the next layer's. */
  readonly cached?: boolean;
  steps(lab: KernelLab, dispatcher: Dispatcher, matrix: WeightTensor, copy: number): void;
}

const SHORT_CONTEXT = 512;
const LONG_CONTEXT = 4096;
const TYPES = ['Q4_0', 'Q4_1', 'Q8_0', 'F16'] as const satisfies readonly BlockTypeName[];
/** Where rows are whole blocks of 256. */
const K_TYPES = ['Q4_K', 'Q6_K'] as const satisfies readonly BlockTypeName[];
/** What one layer is compared by, where the type does not matter. */
const USUAL: BlockTypeName = 'Q4_0';

const ONE: Pass = { tokens: 1, first: 0 };

/**
 * Every kernel that a model with these dimensions runs, on the shapes that take its time.
 * @param prompt_tokens of a prompt that is taken in at once
 */
export function kernelBenches(config: ModelConfig, prompt_tokens: number): KernelBench[] {
  const prompt: Pass = { tokens: prompt_tokens, first: 0 };
  const { hidden_size: hidden, intermediate_size, vocab_size } = config;
  const gate_up = 2 * intermediate_size;
  const k_types = K_TYPES.filter((type) => hidden % BLOCK_TYPES[type].block_size === 0);
  return [
    ...[hidden, gate_up, vocab_size].flatMap((rows) =>
      TYPES.map((type) => linear(ONE, { type, rows, cols: hidden })),
    ),
    ...k_types.map((type) => linear(ONE, { type, rows: gate_up, cols: hidden })),
    benchMiddle(ONE, { type: USUAL, rows: gate_up, cols: hidden }),
    ...[...TYPES, ...k_types].map((type) => linear(prompt, { type, rows: gate_up, cols: hidden })),
    linear(prompt, { type: USUAL, rows: hidden, cols: hidden }),
    benchMiddle(prompt, { type: USUAL, rows: gate_up, cols: hidden }),
    {
      name: 'embedding of a prompt',
      pass: prompt,
      matrix: { type: USUAL, rows: EMBEDDING_ROWS, cols: hidden },
      steps: (lab, to, matrix) => {
        const ids = { buffer: lab.inputs.ids };
        lab.ops(to).gatherRows(matrix, ids, { buffer: lab.state.x });
      },
    },
    benchAttention(`attention at ${SHORT_CONTEXT}`, { tokens: 1, first: SHORT_CONTEXT - 1 }),
    benchAttention(`attention at ${LONG_CONTEXT}`, { tokens: 1, first: LONG_CONTEXT - 1 }),
    benchAttention('attention of a prompt', prompt),
    { name: 'argmax', pass: ONE, steps: (lab, to) => lab.sampler.argmax(to) },
    { name: 'drawing', pass: ONE, steps: (lab, to) => lab.sampler.draw(to) },
  ];
}

function linear(pass: Pass, matrix: Required<KernelBench>['matrix']): KernelBench {
  return {
    name: `${matrix.type} ${matrix.rows}×${matrix.cols}, ${pass.tokens} tokens`,
    pass,
    matrix,
    steps: (lab, to, weight) => {
      const { x, gate_up, logits } = lab.state;
      lab.ops(to).linear(weight, undefined, x, pass.tokens === 1 ? logits : gate_up);
    },
  };
}

function benchMiddle(pass: Pass, matrix: Required<KernelBench>['matrix']): KernelBench {
  return {
    name: `norm, gate and up, ${pass.tokens} tokens`,
    pass,
    matrix,
    steps: (lab, to, weight) => {
      const { x, ffn } = lab.state;
      const norm = { weight: lab.arena.vector(matrix.cols) };
      normedMiddle(lab.ops(to), x, norm, weight, undefined, ffn);
    },
  };
}

function benchAttention(name: string, pass: Pass): KernelBench {
  return {
    name,
    pass,
    cached: true,
    steps: (lab, to, _, copy) => {
      const { qkv, attended } = lab.state;
      attention(lab.ops(to), qkv, lab.caches[copy]!, attended, lab.config.layers[0]!);
    },
  };
}
