import { ByteLevelDecoder } from '@huggingface/tokenizers';
import { TOKEN_TYPE } from '../../model/tokenizer_data.ts';

const START = '<|im_start|>';
const END = '<|im_end|>';
const CONTROL = [END, START];

/** The characters by which byte-level BPE writes the bytes 0 to 255 (Radford et al. 2019). */
const BYTES = Object.entries(new ByteLevelDecoder({ type: 'ByteLevel' }).byte_decoder)
  .toSorted(([, a], [, b]) => Number(a) - Number(b))
  .map(([character]) => character);

const CHAT_TEMPLATE = `{% for message in messages %}${START}{{ message.role }}
{{ message.content }}${END}
{% endfor %}{% if add_generation_prompt %}${START}assistant
{% endif %}`;

/** Tokens that any vocabulary has: control tokens and one for each byte. */
export const LEAST_TOKENS = CONTROL.length + BYTES.length;

/**
 * A byte-level BPE tokenizer without merges: each byte of a text is a token, and each of the other tokens is a
 * word that only the model says.
 * @param vocab_size at least LEAST_TOKENS
 */
export function syntheticTokenizer(vocab_size: number) {
  const words = Array.from({ length: vocab_size - LEAST_TOKENS }, (_, i) => `Ġ${word(i)}`);
  const tokens = [...CONTROL, ...BYTES, ...words];
  return {
    tokens,
    token_types: tokens.map((_, id) =>
      id < CONTROL.length ? TOKEN_TYPE.control : TOKEN_TYPE.normal,
    ),
    end_token_id: CONTROL.indexOf(END),
    chat_template: CHAT_TEMPLATE,
  };
}

const CONSONANTS = 'bdfghklmnprstvwz';
const VOWELS = 'aeio';

/** Syllables, another word for each number: `ba`, `da`, … `babe`. */
function word(number: number): string {
  let text = '';
  for (let rest = number + 1; rest > 0; rest = Math.floor((rest - 1) / 64)) {
    const syllable = (rest - 1) % 64;
    text += CONSONANTS[syllable % 16]! + VOWELS[Math.floor(syllable / 16)]!;
  }
  return text;
}
