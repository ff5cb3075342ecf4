import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { PackCorruptedError } from '../store/errors.ts';
import type { ChosenFiles, Environment, LaminaApi, LoadOptions } from '../worker/protocol.ts';
import type { CatalogueModel } from './catalogue.ts';
import { createDisplay } from './display.ts';
import { damagedFailure, type Failure, failureOf, INSECURE_PAGE, lostFailure } from './failures.ts';
import { createImportState, type WantedType } from './import_state.ts';
import { createLibraryState, type KnownPack, type Unfinished } from './library.ts';
import type { UrlSource } from './library_store.ts';
import type { KeyValueStorage } from './local_record.ts';
import { createRunState } from './run_state.ts';
import { type Stage, WELCOME } from './stage.ts';
import type { Transfer } from './transfer_rate.ts';

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
  /** Asks how a model is to be imported where there is a choice, imports and loads it. */
  openModel(source: UrlSource | ChosenFiles): Promise<void>;
  /** Imports, or goes on with an import, and loads; as it was imported before. */
  importModel(source: UrlSource): Promise<void>;
  /** How the model that is asked about is imported. */
  chooseImport(wanted: WantedType): void;
  cancelImport(): void;
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
  const { api } = services;
  const library = createLibraryState(api, services.storage);
  const display = createDisplay(services.now);
  const { stage, failure } = display;
  const imports = createImportState(api, library, display);
  const environment = signal<Environment | null>(null);
  const catalogue = signal<readonly CatalogueModel[]>([]);
  const catalogueFailure = signal<Failure | null>(null);
  /** The import that was begun last, once more. */
  let again: () => Promise<void> = async () => undefined;
  let watching = false;
  let lost = false;
  const runs = createRunState(api, display, services.loadOptions, () => lost);

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

  const otherwise = (): Stage => (stage.value.kind === 'ready' ? stage.value : WELCOME);

  async function openModel(source: UrlSource | ChosenFiles): Promise<void> {
    const before = otherwise();
    again = () => openModel(source);
    const wanted = await imports.ask(source, before);
    if (wanted !== undefined) await importAs(source, wanted, before);
  }

  async function importAs(
    source: UrlSource | ChosenFiles,
    wanted: WantedType,
    before = otherwise(),
  ): Promise<void> {
    again = () => importAs(source, wanted);
    void services.persist();
    const pack = await imports.run(source, wanted, [], before);
    if (pack !== null) await load(pack, source.name);
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
    const model = await runs.load(pack);
    lost = false;
    stage.value = { kind: 'ready', name: library.nameOf(pack, model.name), model };
    library.isInUse(pack);
    failure.value = runs.shortage();
    void watchDevice();
  }

  /** Imports a damaged pack again from its URL, which reads the damaged files only; once. */
  async function mend(pack: string, name: string, damage: PackCorruptedError): Promise<void> {
    const source = library.sourceOf(pack);
    if (source?.kind !== 'url') {
      await failToLoad(damagedFailure(damage, source?.name ?? null));
      return;
    }
    const wanted = source.quantize ?? null;
    again = () => importAs(source, wanted);
    const files = damage.details.files as readonly { readonly file: string }[];
    const names = files.map(({ file }) => file);
    const mended = await imports.run(source, wanted, names, WELCOME);
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
    transfer: display.transfer,
    token: imports.token,
    start,
    openModel,
    importModel: (source) => importAs(source, source.quantize ?? null),
    chooseImport: imports.choose,
    cancelImport: imports.cancel,
    load,
    reloadEngine,
    engineLost() {
      lost = true;
    },
    runProblem: runs.problem,
    changing: runs.changing,
    runAsSet: runs.runAsSet,
    async ensureEngine() {
      await runs.settled();
      if (lost) await reloadEngine();
      return stage.value.kind === 'ready';
    },
    importAgain: () => again(),
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
