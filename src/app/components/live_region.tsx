import { usePage } from './page_context.ts';

/** Tells screen readers when an answer begins and, once it is whole, what it says. */
export function LiveRegion() {
  const { announcement } = usePage().chat;
  return (
    <div class="visually-hidden" role="status" aria-live="polite">
      {announcement}
    </div>
  );
}
