import { type ReadonlySignal, signal } from '@preact/signals';
import type { LaminaError } from '../errors.ts';
import { PackCorruptedError } from '../store/errors.ts';
import type {
  Environment,
  ImportProgress,
  LaminaApi,
  LoadedModel,
  ModelSource,
  PackSummary,
} from '../worker/protocol.ts';
import type { CatalogueModel } from './catalogue.ts';
import { damagedFailure, type Failure, failureOf, INSECURE_PAGE } from './failures.ts';
import { type KnownSource, type Library, libraryStore, type UrlSource } from './library_store.ts';
import type { KeyValueStorage } from './local_record.ts';
import { createTransferMeter, type Transfer } from './transfer_rate.ts';

/** Which screen the page shows. */
export type Stage =
  | { readonly kind: 'starting' }
  /** Nothing can be done here: no WebGPU, no adapter, no storage. */
  | { readonly kind: 'blocked'; readonly failure: Failure }
  /** No model is loaded; one can be chosen. */
  | { readonly kind: 'welcome' }
  | {
      readonly kind: 'importing';
      readonly name: string;
      /** Files of the pack that were damaged and are fetched again; empty: an ordinary import. */
      readonly mending: readonly string[];
      readonly cancelling: boolean;
    }
  | { readonly kind: 'loading'; readonly name: string }
  /** `name`: as the catalogue calls the model, else as it calls itself. */
  | { readonly kind: 'ready'; readonly name: string; readonly model: LoadedModel };

export interface ModelServices {
  readonly api: LaminaApi;
  readonly catalogue: () => Promise<readonly CatalogueModel[]>;
  readonly storage: KeyValueStorage;
  /** `isSecureContext` */
  readonly secure: boolean;
  /** Asks the browser to keep the weights when space is short. */
  readonly persist: () => Promise<unknown>;
  readonly now: () => number;
}

export interface ModelState {
  readonly stage: ReadonlySignal<Stage>;
  /** What went wrong last, shown above the screen. */
  readonly failure: ReadonlySignal<Failure | null>;
  readonly environment: ReadonlySignal<Environment | null>;
  /** The models on offer; the first is the default. */
  readonly catalogue: ReadonlySignal<readonly CatalogueModel[]>;
  readonly catalogueFailure: ReadonlySignal<Failure | null>;
  readonly packs: ReadonlySignal<readonly PackSummary[]>;
  /** Where the import that has begun and not ended came from, as far as is known. */
  readonly unfinished: ReadonlySignal<KnownSource | null>;
  /** Of the import or the verification at hand. */
  readonly transfer: ReadonlySignal<Transfer | null>;
  /** Finds out what is here, and loads the model of the last visit. */
  start(): Promise<void>;
  /** Imports, or goes on with an import, and loads. */
  importModel(source: UrlSource | File): Promise<void>;
  cancelImport(): Promise<void>;
  /** Verifies a pack on disk and loads it; mends damage where the source can be read again. */
  load(pack: string, name: string): Promise<void>;
  /** Loads the model at hand again, on a new device. */
  reloadEngine(): Promise<void>;
  /** Does so when the device is gone. @returns whether a model is loaded now */
  ensureEngine(): Promise<boolean>;
  /** The import that failed last, once more. */
  importAgain(): Promise<void>;
  remove(pack: string): Promise<void>;
  dismissFailure(): void;
}

export function createModelState(services: ModelServices): ModelState {
  const { api, now } = services;
  const library = libraryStore(services.storage);
  const stage = signal<Stage>({ kind: 'starting' });
  const failure = signal<Failure | null>(null);
  const environment = signal<Environment | null>(null);
  const catalogue = signal<readonly CatalogueModel[]>([]);
  const catalogueFailure = signal<Failure | null>(null);
  const packs = signal<readonly PackSummary[]>([]);
  const unfinished = signal<KnownSource | null>(null);
  const transfer = signal<Transfer | null>(null);
  let lastImport: UrlSource | File | null = null;
  let watching = false;

  function remember(change: Partial<Library>): void {
    library.write({ ...library.read(), ...change });
  }

  /** The catalogue's name for a pack from there, else `otherwise`. */
  function nameOf(pack: string, otherwise: string): string {
    const source = library.read().sources[pack];
    return source?.kind === 'url' ? source.name : otherwise;
  }

  async function refreshPacks(): Promise<void> {
    const found = await api.packs();
    packs.value = found.map((pack) => ({ ...pack, name: nameOf(pack.id, pack.name) }));
    const begun = packs.value.some(({ complete }) => !complete);
    unfinished.value = begun ? library.read().unfinished : null;
  }

  function meter(): (progress: ImportProgress) => void {
    const measure = createTransferMeter(now);
    transfer.value = null;
    return (progress) => {
      transfer.value = measure(progress);
    };
  }

  async function start(): Promise<void> {
    if (!services.secure) {
      stage.value = { kind: 'blocked', failure: INSECURE_PAGE };
      return;
    }
    try {
      environment.value = await api.environment();
      await refreshPacks();
    } catch (error) {
      stage.value = { kind: 'blocked', failure: failureOf(error, 'start') };
      return;
    }
    const offered = loadCatalogue();
    const { current } = library.read();
    const complete = packs.value.filter((pack) => pack.complete);
    const pack = complete.find(({ id }) => id === current) ?? complete[0];
    if (pack) {
      await load(pack.id, pack.name);
    } else {
      await offered;
      stage.value = { kind: 'welcome' };
    }
  }

  async function loadCatalogue(): Promise<void> {
    try {
      catalogue.value = await services.catalogue();
    } catch (error) {
      catalogueFailure.value = failureOf(error, 'start');
    }
  }

  async function importModel(source: UrlSource | File): Promise<void> {
    const before = stage.value;
    lastImport = source;
    void services.persist();
    const pack = await importPack(source, [], before.kind === 'ready' ? before : WELCOME);
    if (pack !== null) await load(pack, source.name);
  }

  /** @returns the pack's id; null when it failed or was cancelled, and then `otherwise` is the stage */
  async function importPack(
    source: UrlSource | File,
    mending: readonly string[],
    otherwise: Stage,
  ): Promise<string | null> {
    const known: KnownSource =
      source instanceof File ? { kind: 'file', name: source.name } : source;
    failure.value = null;
    stage.value = { kind: 'importing', name: known.name, mending, cancelling: false };
    remember({ unfinished: known });
    try {
      const pack = await api.importModel(asSource(source), meter());
      const { sources } = library.read();
      remember({ unfinished: null, sources: { ...sources, [pack]: known } });
      await refreshPacks();
      return pack;
    } catch (error) {
      if (!isCancel(error)) failure.value = failureOf(error, 'import');
      await refreshPacks().catch(() => undefined);
      stage.value = otherwise;
      return null;
    }
  }

  async function load(pack: string, name: string): Promise<void> {
    failure.value = null;
    try {
      await loadOnce(pack, name);
    } catch (error) {
      if (error instanceof PackCorruptedError) await mend(pack, name, error);
      else failToLoad(failureOf(error, 'load'));
    }
  }

  async function loadOnce(pack: string, name: string): Promise<void> {
    stage.value = { kind: 'loading', name };
    const model = await api.load(pack, meter());
    stage.value = { kind: 'ready', name: nameOf(pack, model.name), model };
    remember({ current: pack });
    void watchDevice();
  }

  /** Imports a damaged pack again from its URL, which reads the damaged files only; once. */
  async function mend(pack: string, name: string, damage: LaminaError): Promise<void> {
    const source = library.read().sources[pack];
    if (source?.kind !== 'url') {
      failToLoad(damagedFailure(damage, source?.name ?? null));
      return;
    }
    lastImport = source;
    const files = damage.details.files as readonly { readonly file: string }[];
    const mended = await importPack(
      source,
      files.map(({ file }) => file),
      WELCOME,
    );
    if (mended === null) return;
    try {
      await loadOnce(mended, name);
    } catch (error) {
      failToLoad(failureOf(error, 'load'));
    }
  }

  function failToLoad(why: Failure): void {
    failure.value = why;
    stage.value = WELCOME;
  }

  /** One watch at a time: the promise stays open as long as the device lives, over many loads. */
  async function watchDevice(): Promise<void> {
    if (watching) return;
    watching = true;
    try {
      const message = await api.deviceLost();
      failure.value = { ...LOST, message };
    } catch (error) {
      // The worker itself is gone.
      failure.value = failureOf(error, 'start');
    } finally {
      watching = false;
    }
  }

  async function reloadEngine(): Promise<void> {
    if (stage.value.kind !== 'ready') return;
    const { name, model } = stage.value;
    await load(model.pack, name);
  }

  return {
    stage,
    failure,
    environment,
    catalogue,
    catalogueFailure,
    packs,
    unfinished,
    transfer,
    start,
    importModel,
    load,
    async cancelImport() {
      if (stage.value.kind !== 'importing') return;
      stage.value = { ...stage.value, cancelling: true };
      await api.cancelImport();
    },
    reloadEngine,
    async ensureEngine() {
      if (failure.value?.name === LOST.name) await reloadEngine();
      return stage.value.kind === 'ready';
    },
    async importAgain() {
      if (lastImport) await importModel(lastImport);
    },
    async remove(pack) {
      failure.value = null;
      try {
        await api.removePack(pack);
      } catch (error) {
        failure.value = failureOf(error, 'remove');
      }
      await refreshPacks();
    },
    dismissFailure() {
      failure.value = null;
    },
  };
}

const WELCOME: Stage = { kind: 'welcome' };

const LOST: Failure = {
  name: 'DeviceLostError',
  heading: 'The graphics device was lost',
  message: '',
  remedies: ['reload-engine'],
};

function asSource(source: UrlSource | File): ModelSource {
  return source instanceof File ? { file: source } : { url: source.url };
}

function isCancel(error: unknown): boolean {
  return error instanceof Error && error.name === 'ImportCancelledError';
}
