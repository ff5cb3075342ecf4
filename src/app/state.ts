import type { ChosenFiles, LoadedModel } from '../worker/protocol.ts';
import { type ChatState, createChatState } from './chat_state.ts';
import { createDiagnosticsState, type DiagnosticsState } from './diagnostics_state.ts';
import type { Remedy } from './failures.ts';
import { createInventoryState, type InventoryState } from './inventory_state.ts';
import type { UrlSource } from './library_store.ts';
import { createModelState, type ModelServices, type ModelState } from './model_state.ts';
import type { FileSink } from './save_file.ts';
import { loadOptions, type NumberSetting, type ResidencyChoice } from './settings.ts';
import { createSettingsState, type SettingsState } from './settings_state.ts';

/** What the page's state needs from outside: the engine and the browser. */
export interface Services extends Omit<ModelServices, 'loadOptions'> {
  /** A whole number below 2³². */
  readonly randomSeed: () => number;
  /** Asks where a model is exported to; null: nowhere. */
  readonly openSink: (name: string) => Promise<FileSink | null>;
  readonly reloadPage: () => void;
}

/** All of the page's state, as signals, and everything that can be done to it. */
export interface PageState {
  readonly models: ModelState;
  readonly chat: ChatState;
  readonly settings: SettingsState;
  readonly diagnostics: DiagnosticsState;
  readonly inventory: InventoryState;
  /** Leaves the answer at hand, and imports a model, in the way that the user chooses. */
  openModel(source: UrlSource | ChosenFiles): Promise<void>;
  /** The same without asking: a model on offer, or an import that has begun. */
  importModel(source: UrlSource): Promise<void>;
  /** Leaves the answer at hand, and loads a model from the disk. */
  usePack(pack: string, name: string): Promise<void>;
  /** Leaves the answer at hand, and keeps more or less of the model on the GPU. */
  setResidency(residency: ResidencyChoice): Promise<void>;
  /** The same for a number that was edited: the model runs as it says, or says why it cannot. */
  applyField(name: NumberSetting): Promise<void>;
  /** Removes a model from the disk; the answer at hand ends when it is that model's. */
  removePack(pack: string): Promise<void>;
  /** Does what a failure's button says. `open-file` is not among them: only a click may open a file picker. */
  remedy(remedy: Exclude<Remedy, 'open-file'>): Promise<void>;
}

export function createState(services: Services): PageState {
  const settings = createSettingsState(services.storage);
  const models = createModelState({
    ...services,
    loadOptions: () => loadOptions(settings.settings.value),
  });
  const chat = createChatState({
    ...services,
    settings: settings.settings,
    ensureEngine: models.ensureEngine,
    engineLost: models.engineLost,
  });

  const diagnostics = createDiagnosticsState(services.api, () => models.runAsSet());

  const inventory = createInventoryState(services.api, services.openSink);

  let loaded: LoadedModel | null = null;
  models.stage.subscribe((stage) => {
    // A failed import comes back to the model that was there, and its figures go on.
    if (stage.kind !== 'ready' || stage.model === loaded) return;
    loaded = stage.model;
    chat.showResidence(loaded.residence);
  });

  const remedies: Record<Exclude<Remedy, 'open-file'>, () => unknown> = {
    'reload-page': services.reloadPage,
    'reload-engine': models.reloadEngine,
    'import-again': models.importAgain,
    'answer-again': chat.answerAgain,
    'new-chat': chat.askInNewChat,
  };

  return {
    models,
    chat,
    settings,
    diagnostics,
    inventory,
    async openModel(source) {
      await chat.stop();
      await models.openModel(source);
    },
    async importModel(source) {
      await chat.stop();
      await models.importModel(source);
    },
    async usePack(pack, name) {
      await chat.stop();
      await models.load(pack, name);
    },
    async setResidency(residency) {
      settings.setResidency(residency);
      await models.runAsSet(chat.stop());
    },
    async applyField(name) {
      if (settings.problems.value[name] !== undefined) return;
      const stopped = chat.stop();
      if (name === 'context_length') {
        // Room for it is made when a model is loaded.
        await stopped;
        await models.reloadEngine();
      } else {
        await models.runAsSet(stopped);
      }
    },
    async removePack(pack) {
      if (pack === loaded?.pack) await chat.stop();
      await models.remove(pack);
    },
    async remedy(remedy) {
      await remedies[remedy]();
    },
  };
}
