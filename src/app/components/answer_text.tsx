import { useEffect, useMemo, useRef } from 'preact/hooks';
import { copyText } from '../copy_text.ts';
import { memo } from '../memo.ts';
import { richText } from '../rich_text.ts';

/** An answer's Markdown. Blocks that are whole stay as they are while the last one grows. */
export function AnswerText({ content, streaming }: { content: string; streaming: boolean }) {
  const rich = richText.value;
  const blocks = useMemo(
    () => rich?.markdownBlocks(content, streaming),
    [rich, content, streaming],
  );
  const plain = content && <p class="plain">{content}</p>;
  const text = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The copy buttons of code blocks come out of Markdown: they are served here.
    const element = text.current!;
    element.addEventListener('click', copyCode);
    return () => element.removeEventListener('click', copyCode);
  }, []);
  return (
    <div ref={text} class="answer-text" data-testid="answer-text" data-text={content}>
      {blocks?.map((html, i) => <Block key={i} html={html} />) ?? plain}
    </div>
  );
}

const Block = memo(({ html }: { html: string }) => {
  const clean = richText.value!.sanitize(html);
  return <div class="block" dir="auto" dangerouslySetInnerHTML={{ __html: clean }} />;
});

async function copyCode({ target }: Event): Promise<void> {
  const button = (target as Element).closest<HTMLElement>('.code-copy');
  const code = button?.closest('.code')?.querySelector('code')?.textContent;
  if (!button || code === undefined || code === null) return;
  button.textContent = (await copyText(code)) ? 'Copied' : 'Not copied';
  setTimeout(() => {
    button.textContent = 'Copy';
  }, 1_600);
}
