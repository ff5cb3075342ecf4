import { memo } from 'preact/compat';
import { useMemo } from 'preact/hooks';
import { copyText } from '../copy_text.ts';
import { markdownBlocks } from '../markdown.ts';
import { sanitize } from '../sanitize.ts';

/** An answer's Markdown. Blocks that are whole stay as they are while the last one grows. */
export function AnswerText({ content, streaming }: { content: string; streaming: boolean }) {
  const blocks = useMemo(() => markdownBlocks(content, streaming), [content, streaming]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the buttons inside turn keys into clicks
    // biome-ignore lint/a11y/noStaticElementInteractions: the buttons inside are the interactive elements
    <div class="answer-text" data-testid="answer-text" data-text={content} onClick={copyCode}>
      {blocks.map((html, i) => (
        <Block key={i} html={html} />
      ))}
    </div>
  );
}

const Block = memo(({ html }: { html: string }) => (
  <div class="block" dangerouslySetInnerHTML={{ __html: sanitize(html) }} />
));

/** The copy buttons of code blocks come out of Markdown: they are served here. */
async function copyCode({ target }: Event): Promise<void> {
  const button = (target as Element).closest<HTMLElement>('.code-copy');
  const code = button?.closest('.code')?.querySelector('code')?.textContent;
  if (!button || code === undefined || code === null) return;
  button.textContent = (await copyText(code)) ? 'Copied' : 'Not copied';
  setTimeout(() => {
    button.textContent = 'Copy';
  }, 1_600);
}
