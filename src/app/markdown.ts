import { Marked, type Token } from 'marked';
import remend from 'remend';

/** Markdown as HTML, block by block. What comes out still has to pass `sanitize`. */

const SAFE_LINK = /^(https?:|mailto:)/i;

const marked = new Marked({
  gfm: true,
  renderer: {
    // Models write about HTML more often than they mean it: it is shown, not run.
    html: ({ text }) => escapeHtml(text),
    // Nothing is fetched on a model's word.
    image: ({ text }) => escapeHtml(text),
    link({ href, tokens }) {
      const text = this.parser.parseInline(tokens);
      if (!SAFE_LINK.test(href)) return text;
      return `<a href="${escapeHtml(href)}" target="_blank" rel="noopener noreferrer">${text}</a>`;
    },
    code({ text, lang }) {
      const language = escapeHtml(lang?.split(/\s/)[0] || 'code');
      return `<figure class="code" dir="ltr"><figcaption><span>${language}</span><button type="button" class="code-copy">Copy</button></figcaption><pre tabindex="0"><code>${escapeHtml(text)}\n</code></pre></figure>\n`;
    },
    table(token) {
      const row = (cells: typeof token.header, tag: 'th' | 'td') =>
        `<tr>${cells
          .map(({ tokens, align }) => {
            const aligned = align ? ` align="${align}"` : '';
            return `<${tag}${aligned}>${this.parser.parseInline(tokens)}</${tag}>`;
          })
          .join('')}</tr>`;
      const body = token.rows.map((cells) => row(cells, 'td')).join('');
      return `<div class="table" tabindex="0"><table><thead>${row(token.header, 'th')}</thead><tbody>${body}</tbody></table></div>\n`;
    },
  },
});

/**
 * One string of HTML for each block of the text (paragraph, list, table …), so that while an answer streams only
 * the last one changes.
 * @param streaming the text is not at its end: open emphasis, code and links are closed for now
 */
export function markdownBlocks(text: string, streaming: boolean): string[] {
  try {
    const whole = streaming ? remend(text, { linkMode: 'text-only' }) : text;
    return marked
      .lexer(whole)
      .filter(({ type }) => type !== 'space' && type !== 'def')
      .map((block: Token) => marked.parser([block]));
  } catch {
    // A model that repeats itself can nest deeper than the parser's stack goes: its text is shown as it is.
    return [`<p>${escapeHtml(text)}</p>\n`];
  }
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
