import { computed, type ReadonlySignal, signal } from '@preact/signals';
import type { KeyValueStorage } from './local_record.ts';
import {
  ANSWER_FIELDS,
  DEFAULT_SETTINGS,
  fieldOf,
  MODEL_FIELDS,
  type NumberSetting,
  parseSetting,
  type ResidencyChoice,
  type Settings,
  settingsStore,
} from './settings.ts';

type Typed = Readonly<Record<NumberSetting, string>>;

export interface SettingsState {
  /** The last valid value of each. */
  readonly settings: ReadonlySignal<Settings>;
  /** What stands in the form. */
  readonly typed: ReadonlySignal<Typed>;
  /** Why what stands there is not taken, by field. */
  readonly problems: ReadonlySignal<Readonly<Partial<Record<NumberSetting, string>>>>;
  /** A field was edited: a valid value is taken at once. */
  type(name: NumberSetting, text: string): void;
  setSystem(text: string): void;
  setResidency(residency: ResidencyChoice): void;
  restoreDefaults(): void;
}

export function createSettingsState(storage: KeyValueStorage): SettingsState {
  const store = settingsStore(storage);
  const settings = signal(store.read());
  const typed = signal(asTyped(settings.value));
  const problems = computed(() =>
    Object.fromEntries(
      [...ANSWER_FIELDS, ...MODEL_FIELDS].flatMap((field) => {
        const { problem } = parseSetting(field, typed.value[field.name]);
        return problem === undefined ? [] : [[field.name, problem]];
      }),
    ),
  );

  function take(change: Partial<Settings>): void {
    settings.value = { ...settings.value, ...change };
    store.write(settings.value);
  }

  return {
    settings,
    typed,
    problems,
    type(name, text) {
      typed.value = { ...typed.value, [name]: text };
      const parsed = parseSetting(fieldOf(name), text);
      if (parsed.problem === undefined) take({ [name]: parsed.value });
    },
    setSystem(system) {
      take({ system });
    },
    setResidency(residency) {
      take({ residency });
    },
    restoreDefaults() {
      // Answers only: how the model is run is no such setting.
      const { residency, budget_mb, context_length } = settings.value;
      take({ ...DEFAULT_SETTINGS, residency, budget_mb, context_length });
      typed.value = asTyped(settings.value);
    },
  };
}

function asTyped(settings: Settings): Typed {
  const fields = [...ANSWER_FIELDS, ...MODEL_FIELDS];
  const entries = fields.map(({ name }) => [name, String(settings[name] ?? '')]);
  return Object.fromEntries(entries) as Typed;
}
