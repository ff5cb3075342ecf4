import type { Failure, Remedy } from '../failures.ts';
import { OpenFileButton } from './open_file_button.tsx';
import { usePage } from './page_context.ts';

const LABELS: Readonly<Record<Exclude<Remedy, 'open-file'>, string>> = {
  'reload-page': 'Load the page again',
  'reload-engine': 'Reload the engine',
  'import-again': 'Try again',
  'answer-again': 'Try again',
  'new-chat': 'New chat',
};

interface NoticeProps {
  readonly failure: Failure;
  /** Given where the notice can be put away. */
  readonly onDismiss?: () => void;
}

/** What went wrong, and what can be done about it. */
export function Notice({ failure, onDismiss }: NoticeProps) {
  const page = usePage();
  return (
    <div class="notice" role="alert" data-testid="error" data-error={failure.name}>
      <h2>{failure.heading}</h2>
      <p>{failure.message}</p>
      {(failure.remedies.length > 0 || onDismiss) && (
        <div class="actions">
          {failure.remedies.map((remedy) =>
            remedy === 'open-file' ? (
              <OpenFileButton key={remedy} />
            ) : (
              <button
                key={remedy}
                type="button"
                class="button"
                onClick={() => void page.remedy(remedy)}
              >
                {LABELS[remedy]}
              </button>
            ),
          )}
          {onDismiss && (
            <button type="button" class="button quiet" onClick={onDismiss}>
              Dismiss
            </button>
          )}
        </div>
      )}
    </div>
  );
}
