import { DocumentError } from './errors.ts';
import { type Folder, sibling, type WholeFile } from './folder.ts';
import { JsonValue, type JsonValueError } from './json_value.ts';
import type { SourceIdentity } from './source.ts';
import { decodeUtf8 } from './utf8.ts';

/** What a checkpoint on Hugging Face has beside its weights, parsed and not checked any further; missing ones are undefined. */
export interface Documents {
  readonly config?: JsonValue;
  readonly generation_config?: JsonValue;
  readonly tokenizer?: JsonValue;
  readonly tokenizer_config?: JsonValue;
  /** Jinja source. */
  readonly chat_template?: string;
}

const MIB = 2 ** 20;

/** Largest sizes in bytes: some times what is known of each. */
const FILES: Readonly<Record<keyof Documents, { readonly file: string; readonly most: number }>> = {
  config: { file: 'config.json', most: 4 * MIB },
  generation_config: { file: 'generation_config.json', most: MIB },
  tokenizer: { file: 'tokenizer.json', most: 256 * MIB },
  tokenizer_config: { file: 'tokenizer_config.json', most: 16 * MIB },
  chat_template: { file: 'chat_template.jinja', most: MIB },
};

export interface FoundDocuments {
  readonly documents: Documents;
  readonly files: readonly SourceIdentity[];
}

/**
 * The documents beside a file of a folder.
 * @param path The file.
 * @throws DocumentError, and what the folder throws.
 */
export async function readDocuments(
  folder: Folder,
  path: string,
  signal?: AbortSignal,
): Promise<FoundDocuments> {
  const found = await Promise.all(
    Object.entries(FILES).map(async ([name, { file, most }]) => {
      const whole = await folder.readWhole(sibling(path, file), most, signal);
      return whole && { name, whole, value: parse(whole, file) };
    }),
  );
  const there = found.filter((document) => document !== null);
  return {
    documents: Object.fromEntries(there.map(({ name, value }) => [name, value])),
    files: there.map(({ whole }) => whole),
  };
}

function parse({ name: source, bytes }: WholeFile, file: string): JsonValue | string {
  const fail = (reason: string): never => {
    throw new DocumentError({ source, reason });
  };
  if (!file.endsWith('.json')) return decodeUtf8(bytes) ?? fail('is not UTF-8');
  try {
    return JsonValue.parse(bytes);
  } catch (error) {
    return fail((error as JsonValueError).reason);
  }
}
