import { formatByteRate, formatBytes, formatPercent, formatTimeLeft } from '../format.ts';
import type { Stage } from '../stage.ts';
import type { Transfer } from '../transfer_rate.ts';
import { usePage } from './page_context.ts';

type TransferStage = Extract<Stage, { kind: 'importing' | 'loading' }>;

/** An import, or the check of a model on disk, on its way. */
export function TransferView({ stage }: { stage: TransferStage }) {
  const { models } = usePage();
  const transfer = models.transfer.value;
  const importing = stage.kind === 'importing';
  return (
    <main class="centred" tabIndex={-1}>
      <section class="column transfer" aria-labelledby="transfer-title">
        <p class="eyebrow">{importing ? eyebrow(stage.mending) : 'Loading'}</p>
        <h1 id="transfer-title">{stage.name}</h1>
        {importing && stage.mending.length > 0 && (
          <p class="lead">
            {listOf(stage.mending)} on this disk {stage.mending.length === 1 ? 'is' : 'are'}{' '}
            damaged, so {stage.mending.length === 1 ? 'it was' : 'they were'} not run. The damaged
            parts are being fetched again.
          </p>
        )}
        <ProgressBar transfer={transfer} />
        <div class="transfer-figures">
          <p>{amounts(transfer)}</p>
          <p>{pace(transfer, stage.kind)}</p>
        </div>
        <p class="hint">{doing(transfer, stage.kind)}</p>
        {importing && (
          <div class="transfer-foot">
            <button
              type="button"
              class="button"
              disabled={stage.cancelling}
              data-testid="import-cancel"
              onClick={() => void models.cancelImport()}
            >
              {stage.cancelling ? 'Cancelling…' : 'Cancel'}
            </button>
            <p class="hint">
              {stage.resumes
                ? 'You may close the page: the import then goes on where it stopped.'
                : 'Keep the page open: an exported model is taken whole, or not at all.'}
            </p>
          </div>
        )}
      </section>
    </main>
  );
}

function ProgressBar({ transfer }: { transfer: Transfer | null }) {
  const { bytesDone = 0, bytes = 0, files = 0 } = transfer ?? {};
  const share = bytes > 0 ? bytesDone / bytes : 0;
  return (
    <div
      class="progress"
      role="progressbar"
      aria-labelledby="transfer-title"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(share * 100)}
      data-testid="import-progress"
      data-bytes-done={bytesDone}
      data-bytes={bytes}
      style={{ '--share': String(share), '--plates': String(Math.max(1, files)) }}
    />
  );
}

function eyebrow(mending: readonly string[]): string {
  return mending.length > 0 ? 'Mending' : 'Importing';
}

function amounts(transfer: Transfer | null): string {
  if (!transfer || transfer.bytes === 0) return 'Starting…';
  const { bytesDone, bytes } = transfer;
  return `${formatBytes(bytesDone)} of ${formatBytes(bytes)} · ${formatPercent(bytesDone / bytes)}`;
}

function pace(transfer: Transfer | null, kind: TransferStage['kind']): string {
  if (!transfer || transfer.bytesPerSecond === null || transfer.timeLeft === null) return '';
  const rate = formatByteRate(transfer.bytesPerSecond);
  // Checking a disk takes seconds: only a download is worth a forecast.
  return kind === 'loading' ? rate : `${rate} · ${formatTimeLeft(transfer.timeLeft)}`;
}

function doing(transfer: Transfer | null, kind: TransferStage['kind']): string {
  if (!transfer) {
    return kind === 'loading' ? 'Opening the model' : 'Reading the model’s header';
  }
  const { phase, file, filesDone, files } = transfer;
  const at = `${file}, file ${Math.min(filesDone + 1, files)} of ${files}`;
  return phase === 'verifying' ? `Checking ${at}` : `Writing ${at}`;
}

function listOf(files: readonly string[]): string {
  const names = files.map((file) => {
    const layer = /^layer-(\d+)\.bin$/.exec(file);
    return layer ? `layer ${Number(layer[1])}` : file;
  });
  const list = new Intl.ListFormat('en-GB').format(names);
  return list.charAt(0).toUpperCase() + list.slice(1);
}
