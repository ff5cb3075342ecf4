import type { SettingField } from '../settings.ts';
import { usePage } from './page_context.ts';

interface NumberFieldProps {
  readonly field: SettingField;
  readonly onEdited?: () => void;
  readonly refused?: string | null;
}

/**
 * One setting: its label, its value, and what it does or why it is not taken.
 * @param onEdited told when the user has done with it
 * @param refused why the model does not take a value that is valid
 */
export function NumberField({ field, onEdited, refused }: NumberFieldProps) {
  const { typed, problems, type } = usePage().settings;
  const problem = problems.value[field.name] ?? refused ?? undefined;
  const note = `note-${field.name}`;
  return (
    <label class="field">
      <span class="field-label">{field.label}</span>
      <input
        type="text"
        inputMode="decimal"
        autocomplete="off"
        placeholder={field.empty}
        data-testid={`setting-${field.name}`}
        aria-invalid={problem !== undefined}
        aria-describedby={note}
        value={typed.value[field.name]}
        onInput={({ currentTarget }) => type(field.name, currentTarget.value)}
        onChange={onEdited}
      />
      <span id={note} class={problem ? 'problem' : 'hint'} role={refused ? 'alert' : undefined}>
        {problem ?? field.hint}
      </span>
    </label>
  );
}
