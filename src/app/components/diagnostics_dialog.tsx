import { useSignal } from '@preact/signals';
import type { BenchPart } from '../../worker/protocol.ts';
import { saveFile } from '../save_file.ts';
import { BenchTables } from './bench_tables.tsx';
import { CopyButton } from './copy_button.tsx';
import { usePage } from './page_context.ts';

const DIALOG = 'diagnostics';

const PARTS: readonly { readonly part: BenchPart; readonly label: string }[] = [
  { part: 'kernels', label: 'Kernels' },
  { part: 'ring', label: 'Disk to GPU' },
  { part: 'model', label: 'This model' },
];

/** Shows the dialog, in place of the settings that it may be opened from. */
export function openDiagnostics(): void {
  document.getElementById('settings')?.hidePopover();
  (document.getElementById(DIALOG) as HTMLDialogElement).showModal();
}

/** What this device can do, measured, beside what was predicted for the model. */
export function DiagnosticsDialog() {
  const { diagnostics, models } = usePage();
  const leftOut = useSignal<ReadonlySet<BenchPart>>(new Set());
  const ready = models.stage.value.kind === 'ready';
  const progress = diagnostics.progress.value;
  const report = diagnostics.report.value;
  const problem = diagnostics.problem.value;
  const stopping = diagnostics.stopping.value;
  const offered = PARTS.filter(({ part }) => ready || part !== 'model');
  const parts = offered.map(({ part }) => part).filter((part) => !leftOut.value.has(part));
  const toggle = (part: BenchPart) => {
    const next = new Set(leftOut.value);
    if (!next.delete(part)) next.add(part);
    leftOut.value = next;
  };
  const stop = ({ detail }: MouseEvent) => {
    // The second click on Measure.
    if (detail > 1) return;
    void diagnostics.stop();
  };
  return (
    <dialog id={DIALOG} class="dialog" aria-label="Diagnostics">
      <div class="dialog-head">
        <h2>Diagnostics</h2>
        <form method="dialog">
          <button type="submit" class="button quiet">
            Close
          </button>
        </form>
      </div>
      <p class="hint">
        Measures how fast this device computes, how fast weights come from its disk, and how fast
        the model answers beside what was predicted. It takes a minute or two, on a device without a
        GPU longer, and up to a gigabyte of GPU memory.
      </p>
      <fieldset class="parts" disabled={progress !== null}>
        <legend class="visually-hidden">What is measured</legend>
        {offered.map(({ part, label }) => (
          <label key={part} class="part">
            <input
              type="checkbox"
              checked={!leftOut.value.has(part)}
              onChange={() => toggle(part)}
            />
            {label}
          </label>
        ))}
      </fieldset>
      <div class="dialog-actions">
        {progress ? (
          <button type="button" class="button" disabled={stopping} onClick={stop}>
            {stopping ? 'Stopping' : 'Stop'}
          </button>
        ) : (
          <button
            type="button"
            class="button primary"
            data-testid="measure"
            onClick={() => void diagnostics.measure(parts)}
          >
            Measure
          </button>
        )}
        {report && !progress && <ReportActions json={JSON.stringify(report, null, 1)} />}
      </div>
      {progress && (
        <div class="measuring">
          <progress value={progress.done} max={progress.of} aria-label="How far it is" />
          <span>{progress.name}</span>
        </div>
      )}
      <p class="visually-hidden" role="status">
        {progress ? 'Measuring.' : report && !problem ? 'Measured.' : ''}
      </p>
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {report && <BenchTables report={report} />}
    </dialog>
  );
}

function ReportActions({ json }: { json: string }) {
  return (
    <>
      <CopyButton text={json} label="Copy JSON" />
      <button
        type="button"
        class="button quiet small"
        onClick={() => saveFile('lamina-diagnostics.json', 'application/json', json)}
      >
        Save JSON
      </button>
    </>
  );
}
