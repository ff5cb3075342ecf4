import { SETTING_FIELDS } from '../settings.ts';
import { NumberField } from './number_field.tsx';
import { usePage } from './page_context.ts';
import { ResidencyField } from './residency_field.tsx';

/** How answers are generated. What is valid is taken, and kept, at once. */
export function SettingsPanel() {
  const { settings, setSystem, restoreDefaults } = usePage().settings;
  return (
    <section id="settings" popover="auto" class="popover settings" aria-label="Settings">
      <div class="popover-head">
        <h2>Answers</h2>
        <button type="button" class="button quiet" onClick={restoreDefaults}>
          Restore defaults
        </button>
      </div>
      <div class="fields">
        {SETTING_FIELDS.map((field) => (
          <NumberField key={field.name} field={field} />
        ))}
      </div>
      <label class="field">
        <span class="field-label">System message</span>
        <textarea
          rows={3}
          data-testid="setting-system"
          dir="auto"
          placeholder="Empty: what the model brings along"
          value={settings.value.system}
          onInput={({ currentTarget }) => setSystem(currentTarget.value)}
        />
      </label>
      <ResidencyField />
    </section>
  );
}
