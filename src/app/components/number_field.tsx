import type { SettingField } from '../settings.ts';
import { usePage } from './page_context.ts';

/** One setting: its label, its value, and what it does or why it is not taken. */
export function NumberField({ field }: { field: SettingField }) {
  const { typed, problems, type } = usePage().settings;
  const problem = problems.value[field.name];
  const note = `note-${field.name}`;
  return (
    <label class="field">
      <span class="field-label">{field.label}</span>
      <input
        type="text"
        inputMode="decimal"
        autocomplete="off"
        placeholder={field.name === 'seed' ? 'random' : undefined}
        data-testid={`setting-${field.name}`}
        aria-invalid={problem !== undefined}
        aria-describedby={note}
        value={typed.value[field.name]}
        onInput={({ currentTarget }) => type(field.name, currentTarget.value)}
      />
      <span id={note} class={problem ? 'problem' : 'hint'}>
        {problem ?? field.hint}
      </span>
    </label>
  );
}
