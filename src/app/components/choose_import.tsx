import { useSignal } from '@preact/signals';
import type { EncodedTypeName, ImportChoice } from '../../worker/protocol.ts';
import { formatBytes, formatPercent } from '../format.ts';
import type { WantedType } from '../import_state.ts';
import type { Stage } from '../stage.ts';
import { usePage } from './page_context.ts';

/** How far weights are from the checkpoint's, measured over values as they are usually distributed. */
const LOSSES: Readonly<Record<EncodedTypeName, string>> = {
  Q8_0: 'differ by about 0.5\u00a0%: answers stay practically the same',
  Q6_K: 'differ by about 2\u00a0%: answers stay nearly the same',
  Q5_K: 'differ by about 4\u00a0%',
  Q5_1: 'differ by about 4\u00a0%',
  Q5_0: 'differ by about 4\u00a0%',
  Q4_K: 'differ by about 7\u00a0%',
  Q4_1: 'differ by about 8\u00a0%',
  Q4_0: 'differ by about 9\u00a0%; the quickest to make',
};
/** At their size another type is nearer, where rows are whole blocks of it. */
const SURPASSED: Partial<Record<EncodedTypeName, EncodedTypeName>> = {
  Q5_1: 'Q5_K',
  Q5_0: 'Q5_K',
  Q4_1: 'Q4_K',
};

/** Asks how a model with weights in plain floats is to be kept. */
export function ChooseImport({ stage }: { stage: Extract<Stage, { kind: 'choosing' }> }) {
  const { models } = usePage();
  const wanted = useSignal<WantedType>(stage.usual);
  const [{ bytes: whole }] = stage.choices as [ImportChoice, ...ImportChoice[]];
  return (
    <main class="centred" tabIndex={-1}>
      <form
        class="column transfer"
        aria-labelledby="choose-title"
        onSubmit={(event) => {
          event.preventDefault();
          models.chooseImport(wanted.value);
        }}
      >
        <p class="eyebrow">Before the import</p>
        <h1 id="choose-title">{stage.name}</h1>
        <p class="lead">
          Weights of this model have 16 or 32 bits each. With fewer it takes less of this disk and
          answers faster, since fewer bytes are read for each word, but not quite as well.
        </p>
        <fieldset class="choices import-choices">
          <legend class="field-label">Keep it</legend>
          {shownOf(stage).map((choice) => (
            <label key={choice.pack} class="choice">
              <input
                type="radio"
                name="quantize"
                value={choice.quantize ?? ''}
                checked={wanted.value === choice.quantize}
                onChange={() => {
                  wanted.value = choice.quantize;
                }}
              />
              <span class="dot" aria-hidden="true" />
              <span class="choice-text">
                <span class="choice-line">
                  <span>{choice.quantize ?? 'As it is'}</span>
                  <span>{formatBytes(choice.bytes)}</span>
                </span>
                <span class="hint">
                  {consequence(choice, whole)}
                  <Here pack={choice.pack} />
                </span>
              </span>
            </label>
          ))}
        </fieldset>
        <div class="transfer-foot">
          <button type="submit" class="button primary" data-testid="choose-import">
            Import
          </button>
          <button type="button" class="button" onClick={models.cancelImport}>
            Cancel
          </button>
        </div>
      </form>
    </main>
  );
}

/** All choices that are worth one, and the usual one. */
function shownOf({
  choices,
  usual,
}: Extract<Stage, { kind: 'choosing' }>): readonly ImportChoice[] {
  const types = choices.map(({ quantize }) => quantize);
  return choices.filter(({ quantize }) => {
    const better = quantize && SURPASSED[quantize];
    return quantize === usual || !better || !types.includes(better);
  });
}

function consequence({ quantize, bytes }: ImportChoice, whole: number): string {
  if (quantize === null) return 'Every weight as it was published';
  return `Saves ${formatBytes(whole - bytes)} (${formatPercent(1 - bytes / whole)}); weights ${LOSSES[quantize]}`;
}

/** Whether that pack has been imported, or begun. */
function Here({ pack }: { pack: string }) {
  const here = usePage().models.packs.value.find(({ id }) => id === pack);
  if (!here) return null;
  return <strong>{here.complete ? ' · On this device' : ' · Begun, and goes on'}</strong>;
}
