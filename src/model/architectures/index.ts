import type { Architecture } from './architecture.ts';
import { bloom } from './bloom.ts';
import { gemma2 } from './gemma2.ts';
import { gemma3 } from './gemma3.ts';
import { gpt_oss } from './gpt_oss.ts';
import { gpt2 } from './gpt2.ts';
import { granite } from './granite.ts';
import { llama } from './llama.ts';
import { mistral } from './mistral.ts';
import { mixtral } from './mixtral.ts';
import { olmo2 } from './olmo2.ts';
import { opt } from './opt.ts';
import { phi3 } from './phi3.ts';
import { qwen2 } from './qwen2.ts';
import { qwen3 } from './qwen3.ts';
import { qwen3_moe } from './qwen3_moe.ts';
import { smollm3 } from './smollm3.ts';

/** Every architecture that Lamina runs. */
export const ARCHITECTURES: readonly Architecture[] = [
  llama,
  mistral,
  mixtral,
  qwen2,
  qwen3,
  qwen3_moe,
  gpt_oss,
  gemma2,
  gemma3,
  phi3,
  smollm3,
  olmo2,
  granite,
  gpt2,
  opt,
  bloom,
];
