import { UnknownPreTokenizerError } from './errors.ts';

/** How text is cut into words before byte-pair encoding, and what else `tokenizer.ggml.pre` stands for. */
export interface PreTokenizer {
  /** Oniguruma; each one cuts the pieces that the one before has left. */
  readonly patterns: readonly string[];
  /** A word that is a token needs no merging. */
  readonly ignore_merges: boolean;
  /** A prompt begins with BOS unless the checkpoint says otherwise. */
  readonly add_bos: boolean;
}

const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const LLAMA3 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const QWEN2 = LLAMA3.replace('\\p{N}{1,3}', '\\p{N}');

/** The groups of names that llama.cpp treats alike (`llm_tokenizer_bpe` in its llama-vocab.cpp). */
const GROUPS: readonly (PreTokenizer & { readonly names: readonly string[] })[] = [
  {
    names: ['default'],
    patterns: ['[\\p{P}$+<=>^~|]+', GPT2, '\\p{N}+', '[0-9][0-9][0-9]'],
    ignore_merges: false,
    add_bos: false,
  },
  {
    names: ['gpt-2', 'phi-2', 'mpt', 'olmo', 'jais', 'trillion', 'granite-docling', 'exaone4'],
    patterns: [GPT2],
    ignore_merges: false,
    add_bos: false,
  },
  {
    names: ['smollm', 'starcoder', 'refact', 'command-r', 'codeshell', 'exaone', 'minerva-7b'],
    patterns: ['\\p{N}', GPT2],
    ignore_merges: false,
    add_bos: false,
  },
  {
    names: ['llama-bpe', 'llama3', 'llama-v3', 'falcon3', 'falcon-h1', 'pixtral', 'lfm2'],
    patterns: [LLAMA3],
    ignore_merges: true,
    add_bos: true,
  },
  { names: ['smaug-bpe', 'dbrx'], patterns: [LLAMA3], ignore_merges: false, add_bos: false },
  {
    names: ['qwen2', 'deepseek-r1-qwen', 'megrez', 'stablelm2', 'hunyuan'],
    patterns: [QWEN2],
    ignore_merges: false,
    add_bos: false,
  },
];

/** @throws UnknownPreTokenizerError */
export function findPreTokenizer(name: string): PreTokenizer {
  const found = GROUPS.find(({ names }) => names.includes(name));
  if (found) return found;
  const known = GROUPS.flatMap(({ names }) => names);
  throw new UnknownPreTokenizerError({ pre_tokenizer: name, known });
}
