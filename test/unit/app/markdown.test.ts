import { describe, expect, test } from 'vitest';
import { markdownBlocks } from '../../../src/app/markdown.ts';

const whole = (text: string) => markdownBlocks(text, false).join('');
const streaming = (text: string) => markdownBlocks(text, true).join('');

describe('Markdown of a model', () => {
  test('becomes one string for each block, so that only the last one changes', () => {
    const first = markdownBlocks('One.\n\n- a\n- b\n\nThr', true);
    const second = markdownBlocks('One.\n\n- a\n- b\n\nThree.', true);
    expect(first).toHaveLength(3);
    expect(second.slice(0, 2)).toEqual(first.slice(0, 2));
    expect(second[2]).not.toBe(first[2]);
  });

  test.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    'text <svg onload=alert(1)> text',
    '<iframe src="https://example.org"></iframe>',
    '<style>body{display:none}</style>',
    '<a href="https://example.org" onclick="alert(1)">x</a>',
    '<!-- <img src=x> -->',
  ])('%s is shown as it was written', (html) => {
    const shown = whole(html);
    expect(shown).not.toMatch(/<(script|img|svg|iframe|style|!--)/i);
    expect(shown).not.toMatch(/<a [^>]*onclick/i);
    expect(shown).toContain('&lt;');
  });

  test('an image is its text: nothing is fetched on a model’s word', () => {
    expect(whole('![a "cat" <b>](https://example.org/track.png "t")')).toBe(
      '<p>a &quot;cat&quot; &lt;b&gt;</p>\n',
    );
  });

  test.each([
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](data:text/html,<script>)',
    '[x](vbscript:x)',
    '[x](file:///etc/passwd)',
    '[x](//example.org)',
    '[x](/relative)',
    '[x](java\nscript:alert(1))',
    '[x][1]\n\n[1]: javascript:alert(1)',
    '<javascript:alert(1)>',
  ])('%j is no link', (markdown) => {
    expect(whole(markdown)).not.toContain('<a');
  });

  test('a link opens in a tab of its own that knows nothing of this one', () => {
    expect(whole('[x **y**](https://example.org/?a=1&b="2")')).toBe(
      '<p><a href="https://example.org/?a=1&amp;b=&quot;2&quot;" target="_blank" rel="noopener noreferrer">x <strong>y</strong></a></p>\n',
    );
    expect(whole('mailto: <me@example.org>')).toContain('href="mailto:me@example.org"');
  });

  test('the language of code cannot break out of its place', () => {
    const html = whole('```"><img src=x onerror=alert(1)>\ncode\n```');
    expect(html).not.toContain('<img');
    expect(html).toContain('&quot;&gt;&lt;img');
  });

  test('code keeps every character', () => {
    const code = 'if (a < b && c > "d") {\n\treturn `&amp;`;\n}';
    const html = whole(`\`\`\`js\n${code}\n\`\`\``);
    const shown = /<code>([\s\S]*)\n<\/code>/.exec(html)![1]!;
    const text = shown
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&amp;', '&');
    expect(text).toBe(code);
  });

  test('a table keeps its alignment and its inline Markdown', () => {
    const html = whole('| a | b |\n| :-- | --: |\n| **1** | <i> |');
    expect(html).toContain('<th align="left">a</th><th align="right">b</th>');
    expect(html).toContain('<td align="left"><strong>1</strong></td>');
    expect(html).toContain('<td align="right">&lt;i&gt;</td>');
  });
});

describe('Markdown that is still being written', () => {
  test('shows open emphasis and code as if they were closed', () => {
    expect(streaming('This is **bol')).toBe('<p>This is <strong>bol</strong></p>\n');
    expect(streaming('Call `f(')).toBe('<p>Call <code>f(</code></p>\n');
  });

  test('shows open emphasis as it stands once the text is whole', () => {
    expect(whole('2 ** 3')).toBe('<p>2 ** 3</p>\n');
    expect(whole('This is **bol')).toBe('<p>This is **bol</p>\n');
  });

  test('shows of a link that has begun its text only', () => {
    expect(streaming('See [the page](https://exam')).toBe('<p>See the page</p>\n');
  });

  test('shows a fence that has begun as code', () => {
    expect(streaming('```python\ndef f():')).toContain('<code>def f():\n</code>');
  });

  test.each(['', '\n\n', '*', '**', '`', '```', '|', '| a |\n|', '[', '![', '<', '$$', '# ', '- '])(
    '%j is no error',
    (text) => {
      expect(() => streaming(text)).not.toThrow();
    },
  );
});

test.each(['> ', '- ', '1. ', '[(', '![', '*', '_a', '`', '<a ', '| ', '#', '\n- a', '**a ', '~~'])(
  'a model that repeats %j without end is shown in reasonable time',
  (piece) => {
    const text = piece.repeat(4_000);
    const started = performance.now();
    const html = whole(text) + streaming(text);
    expect(html).not.toBe('');
    expect(performance.now() - started).toBeLessThan(10_000);
  },
);

test('text that is nested too deep for the parser is shown as it is', () => {
  const text = '> '.repeat(5_000);
  expect(whole(`${text}<x>`)).toBe(`<p>${text.replaceAll('>', '&gt;')}&lt;x&gt;</p>\n`);
});
