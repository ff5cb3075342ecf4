import { ChatModel } from '../../src/engine/chat_model.ts';
import type { GenerationStatistics } from '../../src/engine/generate.ts';
import type { ChatMessage } from '../../src/model/tokenizer_data.ts';
import { type Plan, TYPICAL, withoutWork } from '../../src/plan/planner.ts';
import { UsageError } from '../errors.ts';
import { openDevice, openPackAloud } from '../model.ts';
import {
  bytesOption,
  numberOption,
  quantizeOption,
  readOptions,
  residencyOrAuto,
} from '../options.ts';
import { knowledge } from '../planning.ts';
import { ProgressLine } from '../progress_line.ts';

const OPTIONS = {
  model: { type: 'string' },
  quantize: { type: 'string' },
  system: { type: 'string' },
  greedy: { type: 'boolean' },
  'max-tokens': { type: 'string' },
  temperature: { type: 'string' },
  'top-k': { type: 'string' },
  'top-p': { type: 'string' },
  'min-p': { type: 'string' },
  'repetition-penalty': { type: 'string' },
  seed: { type: 'string' },
  residency: { type: 'string' },
  budget: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** Sampling unless `--greedy`: what the page does by default. */
const SAMPLED = { temperature: 0.7, top_p: 0.95 };

/** `lamina ask`: answers one question. */
export async function ask(args: string[]): Promise<void> {
  const { values, text: question } = readOptions(args, OPTIONS, 'question');
  if (question === undefined) throw new UsageError({ reason: 'There is no question' });
  const residency = residencyOrAuto(values.residency ?? 'strict');
  const budget = bytesOption('--budget', values.budget);
  const quantize = quantizeOption(values.quantize);
  const given = {
    temperature: numberOption('--temperature', values.temperature),
    top_k: numberOption('--top-k', values['top-k']),
    top_p: numberOption('--top-p', values['top-p']),
    min_p: numberOption('--min-p', values['min-p']),
    repetition_penalty: numberOption('--repetition-penalty', values['repetition-penalty']),
    seed: numberOption('--seed', values.seed) ?? Math.floor(Math.random() * 2 ** 32),
    max_tokens: numberOption('--max-tokens', values['max-tokens']),
  };
  const options = {
    ...(values.greedy ? {} : SAMPLED),
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    ...(values.greedy && { temperature: 0 }),
  };
  const messages: ChatMessage[] = [{ role: 'user', content: question }];
  if (values.system !== undefined) messages.unshift({ role: 'system', content: values.system });

  const gpu = await openDevice();
  const { store, pack } = await openPackAloud(values.model, quantize);
  const line = new ProgressLine();
  const model = await ChatModel.load({
    gpu,
    store,
    pack,
    residency,
    ...(residency === 'auto' ? { budget } : { budget_weights: budget }),
    knowledge: knowledge(),
    onProgress: line.transfer,
  });
  line.end();
  try {
    const answer = await model.answer(messages, options, {
      ...(!values.json && { onText: (piece: string) => process.stdout.write(piece) }),
    });
    if (values.json) {
      console.log(JSON.stringify({ ...answer, plan: model.plan && withoutWork(model.plan) }));
    } else {
      process.stdout.write('\n');
      console.error(inWords(answer.statistics, model.plan));
    }
  } finally {
    model.destroy();
  }
}

function inWords(s: GenerationStatistics, plan: Plan | null): string {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  return [
    '',
    `adapter              ${s.adapter}`,
    `time to first token  ${(s.time_to_first_token_ms / 1000).toFixed(2)} s (${s.prompt_tokens} tokens in the prompt)`,
    `decode               ${s.tokens_per_second.toFixed(2)} tokens/s (${s.completion_tokens} tokens)`,
    ...(plan ? [predicted(plan)] : []),
    `weights on the GPU   ${megabytes(s.peak_weight_bytes)} at most; the largest layer has ${megabytes(s.largest_layer_bytes)}`,
    `weights read         ${megabytes(s.bytes_read)}`,
  ].join('\n');
}

function predicted({ residency, prediction }: Plan): string {
  const { prompt_tokens } = TYPICAL;
  const speed = prediction.decode_tokens_per_second.toFixed(2);
  return `predicted            ${speed} tokens/s, greedy after ${prompt_tokens} tokens (${residency})`;
}
