import { describe, expect, test } from 'vitest';
import {
  DEFAULT_SETTINGS,
  fieldOf,
  generateOptions,
  loadOptions,
  type NumberSetting,
  parseSetting,
  settingsStore,
} from '../../../src/app/settings.ts';
import { createSettingsState } from '../../../src/app/settings_state.ts';
import { checkSampling } from '../../../src/engine/sampling.ts';
import { FakeStorage, GARBAGE } from './fake_storage.ts';

const field = fieldOf;

describe('what is typed into the settings', () => {
  test.each<[NumberSetting, string, number | null]>([
    ['temperature', ' 0.7 ', 0.7],
    ['temperature', '0,7', 0.7],
    ['temperature', '0', 0],
    ['top_p', '1', 1],
    ['top_k', '40', 40],
    ['min_p', '0.05', 0.05],
    ['repetition_penalty', '1.1', 1.1],
    ['max_tokens', '1', 1],
    ['seed', '', null],
    ['seed', '4294967295', 4_294_967_295],
    ['budget_mb', '', null],
    ['budget_mb', '512,5', 512.5],
    ['context_length', '2048', 2048],
  ])('%s takes "%s"', (name, typed, value) => {
    expect(parseSetting(field(name), typed)).toEqual({ value });
  });

  test.each<[NumberSetting, string]>([
    ['temperature', ''],
    ['temperature', '-0.1'],
    ['temperature', 'warm'],
    ['temperature', '1.2.3'],
    ['temperature', 'Infinity'],
    ['top_p', '0'],
    ['top_p', '1.01'],
    ['top_k', '1.5'],
    ['min_p', '2'],
    ['repetition_penalty', '0'],
    ['max_tokens', '0'],
    ['max_tokens', '100001'],
    ['seed', '-1'],
    ['seed', '4294967296'],
    ['budget_mb', '0'],
    ['budget_mb', 'all'],
    ['context_length', '63'],
    ['context_length', '100.5'],
  ])('%s refuses "%s" and says what it takes', (name, typed) => {
    const { problem } = parseSetting(field(name), typed);
    expect(problem).toBe(`${field(name).label} must be ${field(name).allowed}.`);
  });

  test('the engine takes whatever the form takes, at both ends of each range', () => {
    const ends: Partial<Record<NumberSetting, readonly number[]>> = {
      temperature: [0, 5],
      top_p: [Number.MIN_VALUE, 1],
      top_k: [0, Number.MAX_SAFE_INTEGER],
      min_p: [0, 1],
      repetition_penalty: [0.1, 10],
      seed: [0, 2 ** 32 - 1],
    };
    for (const [name, values] of Object.entries(ends)) {
      for (const value of values) {
        expect(parseSetting(field(name as NumberSetting), String(value))).toEqual({ value });
        expect(checkSampling({ [name]: value })).toMatchObject({ [name]: value });
      }
    }
  });
});

describe('settings over reloads', () => {
  test.each(GARBAGE)('a record that is %j gives the defaults', (text) => {
    const storage = new FakeStorage();
    storage.values.set('lamina.settings', text);
    expect(settingsStore(storage).read()).toEqual(DEFAULT_SETTINGS);
  });

  test('of a record of another version, what is still valid is kept', () => {
    const storage = new FakeStorage();
    const record = { temperature: 0.9, top_p: 7, top_k: 'many', mirostat: 2, system: 5, seed: 3 };
    storage.values.set('lamina.settings', JSON.stringify(record));
    expect(settingsStore(storage).read()).toEqual({
      ...DEFAULT_SETTINGS,
      temperature: 0.9,
      seed: 3,
    });
  });

  test('valid values are kept at once, others are named and not taken', () => {
    const storage = new FakeStorage();
    const state = createSettingsState(storage);
    state.type('temperature', '1.5');
    state.type('top_p', '7');
    state.setSystem('Be brief.');
    expect(state.settings.value).toEqual({
      ...DEFAULT_SETTINGS,
      temperature: 1.5,
      system: 'Be brief.',
    });
    expect(Object.keys(state.problems.value)).toEqual(['top_p']);
    expect(state.typed.value.top_p).toBe('7');
    expect(createSettingsState(storage).settings.value).toEqual(state.settings.value);
  });

  test('the defaults come back with all problems gone', () => {
    const storage = new FakeStorage();
    const state = createSettingsState(storage);
    state.type('temperature', '1.5');
    state.type('top_p', '7');
    state.setSystem('Be brief.');
    state.restoreDefaults();
    expect(state.settings.value).toEqual(DEFAULT_SETTINGS);
    expect(state.problems.value).toEqual({});
    expect(storage.json('lamina.settings')).toEqual(DEFAULT_SETTINGS);
  });

  test('how the model is run is kept, and not among the defaults that come back', () => {
    const storage = new FakeStorage();
    const state = createSettingsState(storage);
    state.setResidency('streaming');
    state.type('budget_mb', '512');
    state.type('context_length', '2048');
    state.type('context_length', '12');
    state.restoreDefaults();
    const kept = { residency: 'streaming', budget_mb: 512, context_length: 2048 };
    expect(storage.json('lamina.settings')).toEqual({ ...DEFAULT_SETTINGS, ...kept });
    expect(state.typed.value).toMatchObject({ budget_mb: '512', context_length: '2048' });
    const reopened = createSettingsState(storage);
    expect(reopened.settings.value).toMatchObject(kept);
    expect(reopened.typed.value.budget_mb).toBe('512');
    reopened.type('budget_mb', '');
    expect(reopened.settings.value.budget_mb).toBeNull();
  });

  test('a residency, budget or context that is none becomes the default', () => {
    const storage = new FakeStorage();
    const record = { residency: 'somewhere', budget_mb: -1, context_length: 100.5 };
    storage.values.set('lamina.settings', JSON.stringify(record));
    expect(settingsStore(storage).read()).toEqual(DEFAULT_SETTINGS);
  });

  test('a full storage costs the record, not the setting', () => {
    const storage = new FakeStorage();
    storage.full = true;
    const state = createSettingsState(storage);
    state.type('temperature', '1.5');
    expect(state.settings.value.temperature).toBe(1.5);
  });
});

test('without a seed every answer gets another one', () => {
  let next = 1;
  const random = () => next++;
  expect(generateOptions(DEFAULT_SETTINGS, random).seed).toBe(1);
  expect(generateOptions(DEFAULT_SETTINGS, random).seed).toBe(2);
  expect(generateOptions({ ...DEFAULT_SETTINGS, seed: 0 }, random).seed).toBe(0);
  expect(generateOptions(DEFAULT_SETTINGS, random)).not.toHaveProperty('system');
});

test('a model is run as it is set, and what is empty is left to the engine', () => {
  expect(loadOptions(DEFAULT_SETTINGS)).toEqual({ residency: 'auto', measures: false });
  const settings = { ...DEFAULT_SETTINGS, residency: 'streaming', budget_mb: 2.5 } as const;
  expect(loadOptions({ ...settings, context_length: 100 })).toEqual({
    residency: 'streaming',
    measures: false,
    budget: 2_500_000,
    context_length: 100,
  });
});
