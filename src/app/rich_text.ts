import { signal } from '@preact/signals';

/** Markdown to clean HTML. */
export interface RichText {
  readonly markdownBlocks: typeof import('./markdown.ts').markdownBlocks;
  readonly sanitize: typeof import('./sanitize.ts').sanitize;
}

/** null until it is loaded: it is half of the page's code, and the first screen does without. */
export const richText = signal<RichText | null>(null);

/** Where it cannot be loaded, answers are shown as they were written. */
export async function loadRichText(): Promise<void> {
  try {
    const [{ markdownBlocks }, { sanitize }] = await Promise.all([
      import('./markdown.ts'),
      import('./sanitize.ts'),
    ]);
    richText.value = { markdownBlocks, sanitize };
  } catch (error) {
    console.error('Markdown could not be loaded', error);
  }
}
