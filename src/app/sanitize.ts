import DOMPurify from 'dompurify';

/** All that Markdown needs. No image, no style, no form but the copy button of a code block. */
const TAGS =
  'a blockquote br button code del div em figcaption figure h1 h2 h3 h4 h5 h6 hr input li ol p pre span strong table tbody td th thead tr ul'.split(
    ' ',
  );
const ATTRIBUTES = 'align checked class dir disabled rel start tabindex target type'.split(' ');

const purify = DOMPurify(window);

// A task list's box is the only input that Markdown makes.
purify.addHook('uponSanitizeElement', (node, { tagName }) => {
  if (tagName === 'input' && (node as Element).getAttribute('type') !== 'checkbox') {
    (node as Element).remove();
  }
});

/** The second line of defence behind `markdownBlocks`: HTML that can neither run nor fetch anything. */
export function sanitize(html: string): string {
  return purify.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: [...ATTRIBUTES, 'href'],
    ADD_URI_SAFE_ATTR: ATTRIBUTES,
    ALLOW_DATA_ATTR: false,
    ALLOWED_URI_REGEXP: /^(?:https?:|mailto:)/i,
  });
}
