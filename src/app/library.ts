import { type ReadonlySignal, signal } from '@preact/signals';
import type { LaminaApi, PackSummary } from '../worker/protocol.ts';
import { type KnownSource, type Library, libraryStore } from './library_store.ts';
import type { KeyValueStorage } from './local_record.ts';

/** A model on disk, with where it came from as far as is known. */
export interface KnownPack extends PackSummary {
  readonly source: KnownSource | null;
}

/** An import that has begun and not ended. */
export interface Unfinished {
  readonly pack: string;
  /** Bytes that are on disk. */
  readonly bytes: number;
  readonly source: KnownSource;
}

/** The models on disk, and what the page remembers of them over reloads. */
export interface LibraryState {
  readonly packs: ReadonlySignal<readonly KnownPack[]>;
  readonly unfinished: ReadonlySignal<Unfinished | null>;
  /** Looks at the disk. */
  refresh(): Promise<void>;
  /** The model to begin with: that of the last visit, else any that is whole. */
  toBeginWith(): KnownPack | null;
  sourceOf(pack: string): KnownSource | null;
  /** The name by which the page calls a pack: the catalogue's where it came from there, else `otherwise`. */
  nameOf(pack: string, otherwise: string): string;
  importBegins(source: KnownSource): void;
  importEnds(pack: string, source: KnownSource): void;
  isInUse(pack: string): void;
  forget(pack: string): void;
}

export function createLibraryState(api: LaminaApi, storage: KeyValueStorage): LibraryState {
  const record = libraryStore(storage);
  const packs = signal<readonly KnownPack[]>([]);
  const unfinished = signal<Unfinished | null>(null);

  function remember(change: Partial<Library>): void {
    // Other tabs remember their imports in the same place.
    record.write({ ...record.read(), ...change });
  }

  const sourceOf = (pack: string): KnownSource | null => record.read().sources[pack] ?? null;

  function nameOf(pack: string, otherwise: string): string {
    const source = sourceOf(pack);
    return source?.kind === 'url' ? source.name : otherwise;
  }

  return {
    packs,
    unfinished,
    sourceOf,
    nameOf,
    async refresh() {
      const found = await api.packs();
      packs.value = found.map((pack) => ({
        ...pack,
        name: nameOf(pack.id, pack.name),
        source: sourceOf(pack.id),
      }));
      const begun = found.filter(({ complete }) => !complete);
      // Of several nobody knows which one it was.
      const pack = begun.length === 1 ? begun[0] : undefined;
      const source = record.read().unfinished;
      unfinished.value = pack && source ? { pack: pack.id, bytes: pack.bytes, source } : null;
    },
    toBeginWith() {
      const whole = packs.value.filter(({ complete }) => complete);
      const { current } = record.read();
      return whole.find(({ id }) => id === current) ?? whole[0] ?? null;
    },
    importBegins(source) {
      remember({ unfinished: source });
    },
    importEnds(pack, source) {
      remember({ unfinished: null, sources: { ...record.read().sources, [pack]: source } });
    },
    isInUse(pack) {
      remember({ current: pack });
    },
    forget(pack) {
      const { [pack]: _, ...sources } = record.read().sources;
      remember({ sources });
    },
  };
}
