const LOCALE = 'en-US';
const two = (number: number): string => String(number).padStart(2, '0');
const name =
  (options: Intl.DateTimeFormatOptions) =>
  (date: Date): string =>
    date.toLocaleDateString(LOCALE, options);
const hour12 = (date: Date): number => date.getHours() % 12 || 12;

const DIRECTIVES: Readonly<Record<string, (date: Date) => string>> = {
  Y: (date) => String(date.getFullYear()),
  y: (date) => two(date.getFullYear() % 100),
  m: (date) => two(date.getMonth() + 1),
  d: (date) => two(date.getDate()),
  e: (date) => String(date.getDate()).padStart(2),
  B: name({ month: 'long' }),
  b: name({ month: 'short' }),
  A: name({ weekday: 'long' }),
  a: name({ weekday: 'short' }),
  H: (date) => two(date.getHours()),
  I: (date) => two(hour12(date)),
  M: (date) => two(date.getMinutes()),
  S: (date) => two(date.getSeconds()),
  p: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  '%': () => '%',
};

/**
 * A date as Python's `strftime` writes it in English, the language in which models were trained on dates, whatever the
 * user's is. `%-d` and the like leave zeros out.
 */
export function strftime(date: Date, format: string): string {
  return format.replace(/%(-?)(.)/g, (directive, dash: string, letter: string) => {
    if (!Object.hasOwn(DIRECTIVES, letter)) return directive;
    const text = DIRECTIVES[letter]!(date);
    return dash ? text.replace(/^[0 ](?=.)/, '') : text;
  });
}
