/** A value out of an untrusted file, for messages: control characters escaped, and no page of text. */
export function shown(value: unknown): string {
  // JSON has no bigint, and no words for NaN and the infinities.
  if (typeof value === 'bigint' || typeof value === 'number') return String(value);
  const text = JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? `${item}` : item));
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
