import { MODEL_FIELDS } from '../settings.ts';
import { openDiagnostics } from './diagnostics_dialog.tsx';
import { NumberField } from './number_field.tsx';
import { usePage } from './page_context.ts';
import { ResidencyField } from './residency_field.tsx';

/** How the model is run. What is valid is tried at once; what the model cannot do leaves it as it is. */
export function ModelSettings() {
  const { models, settings, applyField } = usePage();
  const { budget_mb } = settings.settings.value;
  const problem = models.runProblem.value;
  return (
    <>
      <div class="popover-head">
        <h2>Model</h2>
        <span class="hint" role="status">
          {models.changing.value && 'Changing'}
        </span>
      </div>
      <ResidencyField />
      <div class="fields">
        {MODEL_FIELDS.map((field) => (
          <NumberField
            key={field.name}
            field={field}
            onEdited={() => void applyField(field.name)}
            refused={field.name === 'budget_mb' && budget_mb !== null ? problem : null}
          />
        ))}
      </div>
      {problem !== null && budget_mb === null && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <button type="button" class="button" data-testid="diagnostics" onClick={openDiagnostics}>
        Diagnostics
      </button>
    </>
  );
}
