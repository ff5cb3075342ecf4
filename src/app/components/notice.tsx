import type { Failure, Remedy } from '../failures.ts';
import { focusComposer } from '../focus_composer.ts';
import { OpenFilesButton } from './open_files_button.tsx';
import { usePage } from './page_context.ts';

const LABELS: Readonly<Record<Exclude<Remedy, 'open-file'>, string>> = {
  'reload-page': 'Load the page again',
  'reload-engine': 'Load the model again',
  'import-again': 'Try again',
  'answer-again': 'Try again',
  'new-chat': 'Ask in a new chat',
};

interface NoticeProps {
  readonly failure: Failure;
  /** It is read out when it appears; the chat announces failed answers by itself. */
  readonly alert?: boolean;
  /** Given where the notice can be put away. */
  readonly onDismiss?: () => void;
}

/** What went wrong, and what can be done about it. */
export function Notice({ failure, alert = false, onDismiss }: NoticeProps) {
  const page = usePage();
  return (
    <div
      class="notice"
      role={alert ? 'alert' : undefined}
      data-testid="error"
      data-error={failure.name}
    >
      <h2>{failure.heading}</h2>
      <p>{failure.message}</p>
      {(failure.remedies.length > 0 || onDismiss) && (
        <div class="actions">
          {failure.remedies.map((remedy) =>
            remedy === 'open-file' ? (
              <OpenFilesButton key={remedy} />
            ) : (
              <button
                key={remedy}
                type="button"
                class="button"
                onClick={() => {
                  void page.remedy(remedy);
                  // The notice goes, and its buttons with it.
                  focusComposer();
                }}
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
