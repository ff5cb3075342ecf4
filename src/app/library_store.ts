import { ENCODED_TYPES, type EncodedTypeName } from '../formats/block_types.ts';
import { fileName } from '../formats/folder.ts';
import { fieldsOf, type KeyValueStorage, type LocalRecord, localRecord } from './local_record.ts';

/** A source that can be read again at any time, and what its matrices of plain floats became at import. */
export interface UrlSource {
  readonly kind: 'url';
  readonly url: string;
  readonly name: string;
  readonly quantize?: EncodedTypeName;
}

/** What can be remembered of a model's source: a file must be handed over by the user again. */
export type KnownSource =
  | UrlSource
  | { readonly kind: 'file'; readonly name: string; readonly quantize?: EncodedTypeName };

/** A model by what a person typed: an address, or a name on the hub. */
export function sourceNamed(text: string): UrlSource {
  const url = text.trim();
  const isAddress = /^https?:/i.test(url);
  return { kind: 'url', url, name: (isAddress && fileName(url)) || url };
}

/** What the page remembers of the models on disk. */
export interface Library {
  /** The pack in use when the page was last open. */
  readonly current: string | null;
  /** Where each pack came from, so that damage can be mended. */
  readonly sources: Readonly<Record<string, KnownSource>>;
  /** An import that has begun and not ended. */
  readonly unfinished: KnownSource | null;
}

const EMPTY: Library = { current: null, sources: {}, unfinished: null };

export function libraryStore(storage: KeyValueStorage): LocalRecord<Library> {
  return localRecord(storage, 'lamina.library', parseLibrary, EMPTY);
}

function parseLibrary(json: unknown): Library {
  const { current, sources, unfinished } = fieldsOf(json);
  const known = Object.entries(fieldsOf(sources ?? {})).flatMap(([pack, source]) => {
    const parsed = parseSource(source);
    return parsed ? [[pack, parsed] as const] : [];
  });
  return {
    current: typeof current === 'string' ? current : null,
    sources: Object.fromEntries(known),
    unfinished: parseSource(unfinished),
  };
}

function parseSource(json: unknown): KnownSource | null {
  const { kind, url, name, quantize } = (json ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string') return null;
  const type = ENCODED_TYPES.find((known) => known === quantize);
  const rest = { name, ...(type && { quantize: type }) };
  if (kind === 'url' && typeof url === 'string') return { kind, url, ...rest };
  return kind === 'file' ? { kind, ...rest } : null;
}
