import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { GpuOutOfMemoryError } from '../gpu/errors.ts';
import { BudgetTooSmallError } from '../plan/errors.ts';
import { PackCorruptedError } from '../store/errors.ts';
import type {
  ChosenFiles,
  Environment,
  ImportProgress,
  LaminaApi,
  LoadedModel,
  LoadOptions,
  ModelSource,
} from '../worker/protocol.ts';
import { isExported } from '../worker/protocol.ts';
import type { CatalogueModel } from './catalogue.ts';
import {
  damagedFailure,
  type Failure,
  failureOf,
  INSECURE_PAGE,
  lostFailure,
  shortageFailure,
} from './failures.ts';
import { createLibraryState, type KnownPack, type Unfinished } from './library.ts';
import type { KnownSource, UrlSource } from './library_store.ts';
import type { KeyValueStorage } from './local_record.ts';
import { type Stage, WELCOME } from './stage.ts';
import { createTransferMeter, type Transfer } from './transfer_rate.ts';

export interface ModelServices {
  readonly api: LaminaApi;
  readonly catalogue: () => Promise<readonly CatalogueModel[]>;
  readonly storage: KeyValueStorage;
  /** `isSecureContext` */
  readonly secure: boolean;
  /** Asks the browser to keep the weights when space is short. */
  readonly persist: () => Promise<unknown>;
  /** How the user wants models to be loaded and run. */
  readonly loadOptions: () => LoadOptions;
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
  readonly packs: ReadonlySignal<readonly KnownPack[]>;
  readonly unfinished: ReadonlySignal<Unfinished | null>;
  /** Of the import or the verification at hand. */
  readonly transfer: ReadonlySignal<Transfer | null>;
  /** What the hub knows the user by, for models that not everybody may read; never stored. */
  readonly token: Signal<string>;
  /** Finds out what is here, and loads the model of the last visit. */
  start(): Promise<void>;
  /** Imports, or goes on with an import, and loads. */
  importModel(source: UrlSource | ChosenFiles): Promise<void>;
  cancelImport(): Promise<void>;
  /** Verifies a pack on disk and loads it; mends damage where the source can be read again. */
  load(pack: string, name: string): Promise<void>;
  /** Why the model does not run as the settings say; null: it does. */
  readonly runProblem: ReadonlySignal<string | null>;
  /** Whether the model is being brought to run as the settings say. */
  readonly changing: ReadonlySignal<boolean>;
  /** Has the model at hand run as the settings say once `idle` has ended, without loading it again. */
  runAsSet(idle?: Promise<unknown>): Promise<void>;
  /** Loads the model at hand again, on a new device or with another context. */
  reloadEngine(): Promise<void>;
  /** The engine has no device or no model any more: `ensureEngine` loads the model again. */
  engineLost(): void;
  /** @returns whether a model is loaded now */
  ensureEngine(): Promise<boolean>;
  /** The import that failed last, once more. */
  importAgain(): Promise<void>;
  remove(pack: string): Promise<void>;
  dismissFailure(): void;
}

export function createModelState(services: ModelServices): ModelState {
  const { api, now } = services;
  const library = createLibraryState(api, services.storage);
  const stage = signal<Stage>({ kind: 'starting' });
  const failure = signal<Failure | null>(null);
  const environment = signal<Environment | null>(null);
  const catalogue = signal<readonly CatalogueModel[]>([]);
  const catalogueFailure = signal<Failure | null>(null);
  const transfer = signal<Transfer | null>(null);
  const token = signal('');
  const runProblem = signal<string | null>(null);
  const changing = signal(false);
  /** What tells that the model at hand was loaded one layer at a time. */
  let shortage: Failure | null = null;
  /** Ends when the model runs as it was set last. */
  let running: Promise<unknown> = Promise.resolve();
  let lastImport: UrlSource | ChosenFiles | null = null;
  let watching = false;
  let lost = false;

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
    const offered = loadCatalogue();
    try {
      environment.value = await api.environment();
      await library.refresh();
    } catch (error) {
      stage.value = { kind: 'blocked', failure: failureOf(error, 'start') };
      return;
    }
    const pack = library.toBeginWith();
    if (pack) {
      await load(pack.id, pack.name);
    } else {
      await offered;
      stage.value = WELCOME;
    }
  }

  async function loadCatalogue(): Promise<void> {
    try {
      catalogue.value = await services.catalogue();
    } catch (error) {
      catalogueFailure.value = failureOf(error, 'start');
    }
  }

  async function importModel(source: UrlSource | ChosenFiles): Promise<void> {
    const before = stage.value;
    lastImport = source;
    void services.persist();
    const pack = await importPack(source, [], before.kind === 'ready' ? before : WELCOME);
    if (pack !== null) await load(pack, source.name);
  }

  /** @returns the pack's id; null when it failed or was cancelled, and then `otherwise` is the stage */
  async function importPack(
    source: UrlSource | ChosenFiles,
    mending: readonly string[],
    otherwise: Stage,
  ): Promise<string | null> {
    const known: KnownSource = 'files' in source ? { kind: 'file', name: source.name } : source;
    failure.value = null;
    const resumes = !('files' in source && isExported(source));
    stage.value = { kind: 'importing', name: known.name, mending, resumes, cancelling: false };
    library.importBegins(known);
    try {
      const pack = await api.importModel(asSource(source, token.value.trim()), meter());
      library.importEnds(pack, known);
      await library.refresh();
      return pack;
    } catch (error) {
      if (!isCancel(error)) failure.value = failureOf(error, 'import');
      await library.refresh().catch(() => undefined);
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
      else await failToLoad(failureOf(error, 'load'));
    }
  }

  async function loadOnce(pack: string, name: string): Promise<void> {
    stage.value = { kind: 'loading', name };
    const model = await loadWithin(pack);
    lost = false;
    stage.value = { kind: 'ready', name: library.nameOf(pack, model.name), model };
    library.isInUse(pack);
    failure.value = shortage;
    void watchDevice();
  }

  /** Loads a pack as the settings say; where there is too little memory for that, one layer at a time. */
  async function loadWithin(pack: string): Promise<LoadedModel> {
    const options = services.loadOptions();
    runProblem.value = null;
    shortage = null;
    try {
      return await api.load(pack, meter(), options);
    } catch (error) {
      const { budget, ...rest } = options;
      const least = options.residency === 'strict' && budget === undefined;
      if (least || !isShortage(error)) throw error;
      const model = await api.load(pack, meter(), { ...rest, residency: 'strict' });
      runProblem.value = error.message;
      shortage = shortageFailure(error);
      return model;
    }
  }

  async function runAsSet(): Promise<void> {
    // When it is loaded again, it is as set.
    if (stage.value.kind !== 'ready' || lost) return;
    const { context_length: _, ...options } = services.loadOptions();
    try {
      const model = await api.setResidency(options);
      runProblem.value = null;
      if (failure.value === shortage) failure.value = null;
      if (stage.value.kind === 'ready') stage.value = { ...stage.value, model };
    } catch (error) {
      runProblem.value = (error as Error).message;
    }
  }

  /** Imports a damaged pack again from its URL, which reads the damaged files only; once. */
  async function mend(pack: string, name: string, damage: PackCorruptedError): Promise<void> {
    const source = library.sourceOf(pack);
    if (source?.kind !== 'url') {
      await failToLoad(damagedFailure(damage, source?.name ?? null));
      return;
    }
    lastImport = source;
    const files = damage.details.files as readonly { readonly file: string }[];
    const names = files.map(({ file }) => file);
    const mended = await importPack(source, names, WELCOME);
    if (mended === null) return;
    try {
      await loadOnce(mended, name);
    } catch (error) {
      await failToLoad(failureOf(error, 'load'));
    }
  }

  async function failToLoad(why: Failure): Promise<void> {
    // The pack may be gone: another tab can have removed it.
    await library.refresh().catch(() => undefined);
    failure.value = why;
    stage.value = WELCOME;
  }

  /** One watch at a time: the promise stays open as long as the device lives, over many loads. */
  async function watchDevice(): Promise<void> {
    if (watching) return;
    watching = true;
    try {
      const message = await api.deviceLost();
      lost = true;
      // A load that is under way fails by itself, and tells it.
      if (stage.value.kind === 'ready') failure.value = lostFailure(message);
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
    packs: library.packs,
    unfinished: library.unfinished,
    transfer,
    token,
    start,
    importModel,
    load,
    async cancelImport() {
      if (stage.value.kind !== 'importing') return;
      stage.value = { ...stage.value, cancelling: true };
      // When the worker is gone, the import is rejected with the same cause and tells it.
      await api.cancelImport().catch(() => undefined);
    },
    reloadEngine,
    engineLost() {
      lost = true;
    },
    runProblem,
    changing,
    async runAsSet(idle = Promise.resolve()) {
      // One after the other, and known at once: an answer that is asked for now waits.
      const change = Promise.all([running, idle]).then(runAsSet);
      running = change;
      changing.value = true;
      await change;
      if (running === change) changing.value = false;
    },
    async ensureEngine() {
      await running;
      if (lost) await reloadEngine();
      return stage.value.kind === 'ready';
    },
    async importAgain() {
      if (lastImport) await importModel(lastImport);
    },
    async remove(pack) {
      failure.value = null;
      try {
        await api.removePack(pack);
        if (stage.value.kind === 'ready' && stage.value.model.pack === pack) stage.value = WELCOME;
        library.forget(pack);
        await library.refresh();
      } catch (error) {
        failure.value = failureOf(error, 'remove');
      }
    },
    dismissFailure() {
      failure.value = null;
    },
  };
}

function asSource(source: UrlSource | ChosenFiles, token: string): ModelSource {
  return 'files' in source ? source : { url: source.url, ...(token && { token }) };
}

function isShortage(error: unknown): error is BudgetTooSmallError | GpuOutOfMemoryError {
  return error instanceof BudgetTooSmallError || error instanceof GpuOutOfMemoryError;
}

function isCancel(error: unknown): boolean {
  return error instanceof Error && error.name === 'ImportCancelledError';
}
