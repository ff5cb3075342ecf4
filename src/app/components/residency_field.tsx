import { RESIDENCY_CHOICES } from '../settings.ts';
import { usePage } from './page_context.ts';

/** How much of the model is on the GPU; it changes at once, and the conversation goes on. */
export function ResidencyField() {
  const page = usePage();
  const { residency } = page.settings.settings.value;
  return (
    <fieldset class="choices">
      <legend class="field-label">Weights on the GPU</legend>
      {RESIDENCY_CHOICES.map(({ value, label, hint }) => (
        <label key={value} class="choice">
          <input
            type="radio"
            name="residency"
            value={value}
            checked={residency === value}
            onChange={() => void page.setResidency(value)}
          />
          <span class="dot" aria-hidden="true" />
          <span>
            {label} <span class="hint">{hint}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
