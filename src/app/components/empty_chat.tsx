import type { LoadedModel } from '../../worker/protocol.ts';
import { focusComposer } from '../focus_composer.ts';
import { formatBytes, formatTokenRate } from '../format.ts';
import { wholeBytes } from '../model_bytes.ts';
import { usePage } from './page_context.ts';
import { SoftwareNote } from './software_note.tsx';

const EXAMPLES = [
  'Why is the sky blue?',
  'Write a short poem about the sea at night.',
  'Explain recursion with a small Python example.',
];

/** Before the first message. */
export function EmptyChat({ name, model }: { name: string; model: LoadedModel }) {
  const { chat } = usePage();
  const thenWrite = (action: () => unknown) => () => {
    void action();
    // The button that was pressed is about to go.
    focusComposer();
  };
  return (
    <div class="empty-chat">
      <h1>Ask {name}</h1>
      <p>
        {model.layerBytes.length} layers, {formatBytes(wholeBytes(model))} on this device’s disk.{' '}
        {inWords(model)}
      </p>
      <SoftwareNote />
      <ul class="examples" aria-label="Examples">
        {EXAMPLES.map((example) => (
          <li key={example}>
            <button
              type="button"
              class="button"
              disabled={chat.activity.value !== 'idle'}
              onClick={thenWrite(() => chat.send(example))}
            >
              {example}
            </button>
          </li>
        ))}
      </ul>
      {chat.putAway.value && (
        <button type="button" class="button quiet undo" onClick={thenWrite(chat.undoNewChat)}>
          Back to the last chat
        </button>
      )}
    </div>
  );
}

function inWords({ residency, layerBytes, residence, plan }: LoadedModel): string {
  const here = {
    strict: `One layer at a time is on the GPU: ${formatBytes(Math.max(...layerBytes))}.`,
    streaming: `${formatBytes(residence.weightBytes)} of them are on the GPU at a time, the rest passes.`,
    resident: 'All of them stay on the GPU.',
  }[residency];
  if (!plan) return here;
  return `${here} About ${formatTokenRate(plan.prediction.decode_tokens_per_second)} are predicted.`;
}
