import { announcementOf } from '../stage.ts';
import { usePage } from './page_context.ts';

/** Tells screen readers what happens on the screen: a model loads, an answer begins and, once it is whole, what it says. */
export function LiveRegion() {
  const { models, chat } = usePage();
  return (
    <div class="visually-hidden">
      <p role="status">{announcementOf(models.stage.value)}</p>
      <p role="status">{chat.announcement}</p>
    </div>
  );
}
