import type { Failure } from '../failures.ts';
import { Notice } from './notice.tsx';

/** Nothing can be done in this browser as it is: says why, and what would help. */
export function Blocked({ failure }: { failure: Failure }) {
  return (
    <main class="centred" tabIndex={-1}>
      <div class="column blocked">
        <Notice failure={failure} alert />
        {failure.name === 'WebGpuUnavailableError' && (
          <dl class="browsers">
            <dt>Chrome, Edge</dt>
            <dd>113 or newer; on Android 121</dd>
            <dt>Safari</dt>
            <dd>26 or newer, on macOS, iOS and iPadOS</dd>
            <dt>Firefox</dt>
            <dd>141 or newer on Windows, 145 on macOS with Apple silicon</dd>
          </dl>
        )}
      </div>
    </main>
  );
}
