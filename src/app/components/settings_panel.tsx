import { ANSWER_FIELDS } from '../settings.ts';
import { ModelSettings } from './model_settings.tsx';
import { NumberField } from './number_field.tsx';
import { usePage } from './page_context.ts';

/** How answers are generated, and how the model is run. What is valid is taken, and kept, at once. */
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
        {ANSWER_FIELDS.map((field) => (
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
      <ModelSettings />
    </section>
  );
}
