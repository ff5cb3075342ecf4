import { Tokenizer } from '@huggingface/tokenizers';
import type { JsonValue } from '../formats/json_value.ts';

/** A normalizer or a pre-tokenizer as `tokenizer.json` writes it. */
export interface Component {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A field of a component as the library needs it. */
type Field = (component: JsonValue, field: string) => unknown;

/** By type, the fields of each. */
type Components = Readonly<Record<string, Readonly<Record<string, Field>>>>;

const MOST_NESTED = 4;

const string: Field = (component, field) => component.optional(field)?.string() ?? '';
const boolean =
  (missing: boolean): Field =>
  (component, field) =>
    component.optional(field)?.boolean() ?? missing;
/** The first is what a missing field means. */
const oneOf =
  (...allowed: string[]): Field =>
  (component, field) =>
    component.optional(field)?.oneOf(allowed) ?? allowed[0];

/** Without a pattern a text would be lost. */
const pattern: Field = (component, field) => {
  const json = component.get(field);
  const kind = json.keys().find((key) => key === 'Regex' || key === 'String');
  if (kind === undefined) return json.fail('has neither "Regex" nor "String"');
  return { [kind]: json.get(kind).string() };
};

/** Files of before 2024 say `add_prefix_space` instead. */
const prependScheme: Field = (component, field) => {
  const scheme = component.optional(field);
  if (scheme) return scheme.oneOf(['always', 'first', 'never']);
  return component.optional('add_prefix_space')?.boolean() === false ? 'never' : 'always';
};

/** What each component is made of; a field that is not here changes nothing that Lamina asks for. */
const NORMALIZERS: Components = {
  Sequence: { normalizers: (component, field) => parts(component.get(field), NORMALIZERS) },
  Replace: { pattern, content: string },
  Prepend: { prepend: string },
  Strip: { strip_left: boolean(true), strip_right: boolean(true) },
  NFC: {},
  NFD: {},
  NFKC: {},
  NFKD: {},
  Lowercase: {},
  StripAccents: {},
  Precompiled: {},
};

const PRE_TOKENIZERS: Components = {
  Sequence: { pretokenizers: (component, field) => parts(component.get(field), PRE_TOKENIZERS) },
  // The library knows no other behaviour.
  Split: { pattern, behavior: oneOf('Isolated', 'Removed'), invert: boolean(false) },
  ByteLevel: { add_prefix_space: boolean(false), use_regex: boolean(true) },
  Metaspace: { replacement: oneOf('▁'), prepend_scheme: prependScheme },
  Digits: { individual_digits: boolean(false) },
  Punctuation: { behavior: oneOf('Contiguous') },
  Whitespace: {},
  WhitespaceSplit: {},
};

/** @throws JsonValueError naming what Lamina does not know */
export function readNormalizer(json: JsonValue): Component {
  const normalizer = read(json, NORMALIZERS);
  construct(json, { normalizer, pre_tokenizer: null });
  return normalizer;
}

/** @throws JsonValueError naming what Lamina does not know */
export function readPreTokenizer(json: JsonValue): Component {
  const pre_tokenizer = read(json, PRE_TOKENIZERS);
  construct(json, { normalizer: null, pre_tokenizer });
  return pre_tokenizer;
}

/** A component and all within it, outermost first. */
export function within(component: Component | null): Component[] {
  if (!component) return [];
  const { normalizers, pretokenizers } = component as { [list: string]: unknown };
  const parts = (normalizers ?? pretokenizers ?? []) as Component[];
  return [component, ...parts.flatMap(within)];
}

function parts(json: JsonValue, known: Components): Component[] {
  if (json.path.split('[').length > MOST_NESTED) json.fail('is nested too deep');
  return json.array((item) => read(item, known));
}

function read(json: JsonValue, known: Components): Component {
  const type = json.get('type').oneOf(Object.keys(known));
  const fields = Object.entries(known[type]!).map(([field, readField]) => [
    field,
    readField(json, field),
  ]);
  return { type, ...Object.fromEntries(fields) };
}

/** Fails where a regular expression is wrong. */
function construct(json: JsonValue, components: object): void {
  const rest = { post_processor: null, decoder: null, added_tokens: [] };
  try {
    new Tokenizer({ ...components, ...rest, model: { type: 'BPE', vocab: {}, merges: [] } }, {});
  } catch (error) {
    json.fail(`cannot be used (${(error as Error).message})`);
  }
}
