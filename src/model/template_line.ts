import { Template } from '@huggingface/jinja';

/**
 * The line in which a Jinja template is wrong, counted from 1 (the library's errors do not name it): after it the
 * template can be cut off, and is wrong in the same way. Null when there is none.
 */
export function lineOfSyntaxError(source: string, message: string): number | null {
  const lines = source.split('\n');
  const failsWithin = (count: number): boolean =>
    messageOf(() => new Template(lines.slice(0, count).join('\n'))) === message;
  let before = 0;
  let within = lines.length;
  while (within - before > 1) {
    const middle = (before + within) >> 1;
    if (failsWithin(middle)) within = middle;
    else before = middle;
  }
  return failsWithin(within) ? within : null;
}

const MARK = 'line_reached';

/** The line, counted from 1, of the last tag reached before the template fails; null when it cannot be followed. */
export function lineOfRenderError(
  source: string,
  variables: Readonly<Record<string, unknown>>,
  message: string,
): number | null {
  let line: number | null = null;
  const mark = (reached: number): string => {
    line = reached;
    return '';
  };
  // A call before every tag tells where rendering is.
  const marked = source
    .split('\n')
    .map((text, i) => text.replace(/\{[{%]/g, (tag) => `{{ ${MARK}(${i + 1}) }}${tag}`))
    .join('\n');
  const failure = messageOf(() => new Template(marked).render({ ...variables, [MARK]: mark }));
  return failure === message ? line : null;
}

function messageOf(action: () => unknown): string | null {
  try {
    action();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
