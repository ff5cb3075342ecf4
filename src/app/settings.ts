import type { Residency } from '../plan/residency.ts';
import type { GenerateOptions, LoadOptions, RunOptions } from '../worker/protocol.ts';
import { fieldsOf, type KeyValueStorage, type LocalRecord, localRecord } from './local_record.ts';

/** How answers are generated, as the user set it. */
export interface Settings {
  /** 0: greedy. */
  readonly temperature: number;
  /** 0: all tokens. */
  readonly top_k: number;
  /** 1: all tokens. */
  readonly top_p: number;
  /** 0: all tokens. */
  readonly min_p: number;
  /** 1: off. */
  readonly repetition_penalty: number;
  /** null: another one for every answer. */
  readonly seed: number | null;
  readonly max_tokens: number;
  /** Empty: none. */
  readonly system: string;
  readonly residency: ResidencyChoice;
  /** Millions of bytes of GPU memory for the model; null: what is safe is found out. */
  readonly budget_mb: number | null;
  /** Tokens of context; null: what is usual. */
  readonly context_length: number | null;
}

export type ResidencyChoice = Residency | 'auto';

export const RESIDENCY_CHOICES: readonly {
  readonly value: ResidencyChoice;
  readonly label: string;
  readonly hint: string;
}[] = [
  { value: 'auto', label: 'Automatic', hint: 'as much of the model as is safe' },
  { value: 'strict', label: 'One layer at a time', hint: 'least memory, for models of any size' },
  {
    value: 'streaming',
    label: 'A part of it',
    hint: 'what the budget below holds; the rest passes',
  },
  { value: 'resident', label: 'The whole model', hint: 'fastest, where it fits' },
];

/** Temperature and top-p are those that SmolLM2's authors recommend. */
export const DEFAULT_SETTINGS: Settings = {
  temperature: 0.2,
  top_k: 0,
  top_p: 0.9,
  min_p: 0,
  repetition_penalty: 1,
  seed: null,
  max_tokens: 512,
  system: '',
  residency: 'auto',
  budget_mb: null,
  context_length: null,
};

export type NumberSetting = Exclude<keyof Settings, 'system' | 'residency'>;

/** A number's field in the form. */
export interface SettingField {
  readonly name: NumberSetting;
  readonly label: string;
  /** What it does, in a few words. */
  readonly hint: string;
  /** What is allowed: continues "…must be". */
  readonly allowed: string;
  readonly valid: (value: number) => boolean;
  /** What is shown in the field when it may be empty and is. */
  readonly empty?: string;
}

/** How answers are generated. */
export const ANSWER_FIELDS: readonly SettingField[] = [
  {
    name: 'temperature',
    label: 'Temperature',
    hint: '0 always takes the likeliest token',
    allowed: 'a number from 0 to 5',
    valid: (t) => t >= 0 && t <= 5,
  },
  {
    name: 'top_p',
    label: 'Top-p',
    hint: '1 keeps all tokens',
    allowed: 'a number above 0, at most 1',
    valid: (p) => p > 0 && p <= 1,
  },
  {
    name: 'top_k',
    label: 'Top-k',
    hint: '0 keeps all tokens',
    allowed: 'a whole number, 0 for all tokens',
    valid: (k) => Number.isSafeInteger(k) && k >= 0,
  },
  {
    name: 'min_p',
    label: 'Min-p',
    hint: '0 keeps all tokens',
    allowed: 'a number from 0 to 1',
    valid: (p) => p >= 0 && p <= 1,
  },
  {
    name: 'repetition_penalty',
    label: 'Repetition penalty',
    hint: '1 is off',
    allowed: 'a number from 0.1 to 10',
    valid: (r) => r >= 0.1 && r <= 10,
  },
  {
    name: 'max_tokens',
    label: 'Longest answer',
    hint: 'in tokens',
    allowed: 'a whole number from 1 to 100,000',
    valid: (n) => Number.isInteger(n) && n >= 1 && n <= 100_000,
  },
  {
    name: 'seed',
    label: 'Seed',
    hint: 'empty: a new one for every answer',
    allowed: 'empty, or a whole number from 0 to 4,294,967,295',
    valid: (s) => Number.isInteger(s) && s >= 0 && s < 2 ** 32,
    empty: 'random',
  },
];

/** How the model is run. */
export const MODEL_FIELDS: readonly SettingField[] = [
  {
    name: 'budget_mb',
    label: 'Budget in MB',
    hint: 'empty: as much as is safe',
    allowed: 'empty, or a number from 1 to 10,000,000',
    valid: (mb) => mb >= 1 && mb <= 1e7,
    empty: 'automatic',
  },
  {
    name: 'context_length',
    label: 'Context in tokens',
    hint: 'empty: what is usual; loads the model again',
    allowed: 'empty, or a whole number from 64 to 10,000,000',
    valid: (tokens) => Number.isInteger(tokens) && tokens >= 64 && tokens <= 1e7,
    empty: 'automatic',
  },
];

const ALL_FIELDS = [...ANSWER_FIELDS, ...MODEL_FIELDS];

export const fieldOf = (name: NumberSetting): SettingField =>
  ALL_FIELDS.find((field) => field.name === name)!;

/** What the user typed, as a value; or why it is none. */
export type ParsedSetting =
  | { readonly value: number | null; readonly problem?: undefined }
  | { readonly problem: string };

/** A decimal comma is taken as a point. */
export function parseSetting(field: SettingField, typed: string): ParsedSetting {
  const text = typed.trim().replace(',', '.');
  if (text === '' && field.empty !== undefined) return { value: null };
  const value = Number(text);
  if (text !== '' && Number.isFinite(value) && field.valid(value)) return { value };
  return { problem: `${field.label} must be ${field.allowed}.` };
}

export function settingsStore(storage: KeyValueStorage): LocalRecord<Settings> {
  return localRecord(storage, 'lamina.settings', parseSettings, DEFAULT_SETTINGS);
}

/** What is missing or not valid any more becomes the default. */
function parseSettings(json: unknown): Settings {
  const stored = fieldsOf(json);
  const numbers = ALL_FIELDS.flatMap((field) => {
    const value = stored[field.name];
    const empty = value === null && field.empty !== undefined;
    return empty || (typeof value === 'number' && field.valid(value)) ? [[field.name, value]] : [];
  });
  const system = typeof stored.system === 'string' ? stored.system : DEFAULT_SETTINGS.system;
  const chosen = RESIDENCY_CHOICES.find(({ value }) => value === stored.residency);
  const residency = chosen?.value ?? DEFAULT_SETTINGS.residency;
  return { ...DEFAULT_SETTINGS, ...Object.fromEntries(numbers), system, residency };
}

/** The settings as the engine takes them for an answer. */
export function generateOptions(settings: Settings, randomSeed: () => number): GenerateOptions {
  const { temperature, top_k, top_p, min_p, repetition_penalty, max_tokens, seed } = settings;
  const sampling = { temperature, top_k, top_p, min_p, repetition_penalty, max_tokens };
  return { ...sampling, seed: seed ?? randomSeed() };
}

/** The settings as the engine takes them for running a model; what would have to be measured first is not asked for. */
export function runOptions({ residency, budget_mb }: Settings): RunOptions {
  return { residency, measures: false, ...(budget_mb !== null && { budget: budget_mb * 1e6 }) };
}

export function loadOptions(settings: Settings): LoadOptions {
  const { context_length } = settings;
  return { ...runOptions(settings), ...(context_length !== null && { context_length }) };
}
