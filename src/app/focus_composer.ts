/** The message field's id. */
export const COMPOSER = 'message';

/** Puts the cursor into the message field; not on touch screens, where the keyboard would cover half of the page. */
export function focusComposer(): void {
  if (!matchMedia('(pointer: fine)').matches) return;
  document.getElementById(COMPOSER)?.focus({ preventScroll: true });
}
