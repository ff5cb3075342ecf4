import { LaminaError } from '../src/errors.ts';
import { ENCODED_TYPES } from '../src/formats/block_types.ts';
import { ask } from './commands/ask.ts';
import { bench } from './commands/bench.ts';
import { inspect } from './commands/inspect.ts';
import { logits } from './commands/logits.ts';
import { models } from './commands/models.ts';
import { perplexity } from './commands/perplexity.ts';
import { plan } from './commands/plan.ts';
import { synth } from './commands/synth.ts';
import { tokens } from './commands/tokens.ts';
import { UsageError } from './errors.ts';

const HELP = `lamina: language models, one layer on the GPU at a time

  lamina ask [--model M] [--quantize Q] [--greedy] [--max-tokens N] [--temperature T] [--top-k K] [--top-p P] [--min-p P]
             [--repetition-penalty R] [--seed S] [--system TEXT] [--residency R] [--budget BYTES] [--json] "prompt"
                          answers; the text to standard output, the statistics to standard error
  lamina tokens [--model M] [--no-special] "text"
                          the token ids, as one JSON array
  lamina logits [--model M] [--quantize Q] --tokens 1,2,3 [--residency R] [--budget BYTES] --out FILE.f32
             [--hidden-states FILE.f32]
                          float32 logits [positions, vocab_size] of every position, and the hidden states
                          [layers + 2, positions, hidden_size]: embedding, after each layer, after the final norm
  lamina perplexity [--model M] [--quantize Q] [--residency R] [--budget BYTES] [--context N] [--json] FILE.txt
                          how well the model foretells a text, read N tokens at a time (1,024): exp of the mean negative
                          log-probability of each token given those before it in its piece; lower is better
  lamina inspect [--json] M
                          architecture, tensors, bytes per layer
  lamina models [list [--json] | verify PACK | export PACK --out FILE.tar | remove PACK
             | import FILE.tar|M [--quantize Q] [--json]]
                          the packs that were imported: their names and sizes, whether every byte is as it was, as one
                          file to take elsewhere and back; import prints the pack's name and how far quantized matrices
                          are from the checkpoint's, with --json each of them
  lamina bench [model|kernels|ring|import|all] [--model M] [--residency R]… [--budget BYTES]…
             [--prompt-tokens N] [--decode N] [--repeat N] [--json] [--out FILE.json]
                          prefill and decode in each residency, each kernel, the staging ring, an import, beside what
                          this device can do at best and, for a model, what the planner predicted; a table, or with --json the
                          report; --out writes that to a file
  lamina plan [--model M] [--budget BYTES] [--context N] [--again] [--json]
                          memory and predicted speed in each residency, and which one fits BYTES of GPU memory best;
                          measures this device first and remembers what it found, --again measures anew
  lamina synth --shape smollm2-135m|llama-1b|qwen3-4b|llama-8b|llama-70b|custom --type F32|F16|BF16|Q4_0|Q4_1|Q8_0|Q4_K|Q5_K|Q6_K
             [--layers N] [--seed S] [--hidden-size N] [--intermediate-size N] [--attention-heads N]
             [--key-value-heads N] [--head-dim N] [--vocab-size N] [--context-length N] (--out FILE.gguf | --pack FOLDER)
                          a model of random weights with the dimensions of a real one, for measuring; all of the
                          Llama architecture, also qwen3-4b; a pack is what importing the file would give

  M  a .gguf or .safetensors file, an index of them, a folder; an address (https://…) of one of these; a repository of
     the hub, owner/name[@revision][:file]; the folder or the name of an imported pack; without it, the default model.
     HF_ENDPOINT is the hub's address, HF_TOKEN the access token that it, and no other server, gets
  Q  one of ${ENCODED_TYPES.join(', ')}: matrices of F32, F16 or BF16 become this while
     they are imported
  R  strict: one layer on the GPU at a time; streaming: as many parts stay there as BYTES hold; resident: all;
     auto: the best of these that keeps all GPU memory within BYTES (ask and bench)
  BYTES  as in 500000000, 500MB or 2GB
`;

type Command = (args: string[]) => Promise<void>;

const COMMANDS: Readonly<Record<string, Command>> = {
  ask,
  bench,
  tokens,
  logits,
  perplexity,
  inspect,
  models,
  plan,
  synth,
};

/** Runs one command line. @returns the exit code: 1 when it failed, 2 when the command line is wrong */
export async function main(args: string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || rest.includes('--help') || name === '--help' || name === 'help') {
    console.log(HELP);
    return name === undefined ? 2 : 0;
  }
  try {
    if (!Object.hasOwn(COMMANDS, name)) {
      throw new UsageError({ reason: `There is no command "${name}"` });
    }
    await COMMANDS[name]!(rest);
    return 0;
  } catch (error) {
    console.error(error instanceof LaminaError ? error.message : error);
    return error instanceof UsageError ? 2 : 1;
  }
}
