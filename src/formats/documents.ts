import { DocumentError, SourceNotFoundError } from './errors.ts';
import { type Folder, readAll, sibling } from './folder.ts';
import { JsonValue, type JsonValueError } from './json_value.ts';
import type { ByteSource } from './source.ts';
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

/** Largest sizes in bytes: ten times what is known of each. */
const FILES: Readonly<Record<keyof Documents, { readonly file: string; readonly most: number }>> = {
  config: { file: 'config.json', most: 4 * MIB },
  generation_config: { file: 'generation_config.json', most: MIB },
  tokenizer: { file: 'tokenizer.json', most: 256 * MIB },
  tokenizer_config: { file: 'tokenizer_config.json', most: 16 * MIB },
  chat_template: { file: 'chat_template.jinja', most: MIB },
};

export interface FoundDocuments {
  readonly documents: Documents;
  readonly sources: readonly ByteSource[];
}

/**
 * The documents beside a file of a folder.
 * @param path The file.
 * @throws DocumentError, and what the folder and its sources throw.
 */
export async function readDocuments(
  folder: Folder,
  path: string,
  signal?: AbortSignal,
): Promise<FoundDocuments> {
  const listed = await folder.list(signal);
  const paths = listed && new Set(listed.map((file) => file.path));
  const found = await Promise.all(
    Object.entries(FILES).map(async ([name, { file, most }]) => {
      const document = sibling(path, file);
      const source =
        paths && !paths.has(document) ? null : await openIfThere(folder, document, signal);
      return source && { name, source, value: await parse(source, file, most, signal) };
    }),
  );
  const there = found.filter((document) => document !== null);
  return {
    documents: Object.fromEntries(there.map(({ name, value }) => [name, value])),
    sources: there.map(({ source }) => source),
  };
}

async function openIfThere(folder: Folder, path: string, signal: AbortSignal | undefined) {
  try {
    return await folder.open(path, signal);
  } catch (error) {
    if (error instanceof SourceNotFoundError) return null;
    throw error;
  }
}

async function parse(source: ByteSource, file: string, most: number, signal?: AbortSignal) {
  const fail = (reason: string): never => {
    throw new DocumentError({ source: source.name, reason });
  };
  const bytes =
    (await readAll(source, most, signal)) ??
    fail(`has ${source.size} bytes, and at most ${most} are read`);
  if (!file.endsWith('.json')) return decodeUtf8(bytes) ?? fail('is not UTF-8');
  try {
    return JsonValue.parse(bytes);
  } catch (error) {
    return fail((error as JsonValueError).reason);
  }
}
