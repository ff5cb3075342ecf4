import { expect, test } from 'vitest';
import { memo } from '../../../src/app/memo.ts';

interface Turn {
  readonly text: string;
  readonly last?: boolean;
}

test.each<[string, Turn, Turn, boolean]>([
  ['the same', { text: 'a', last: true }, { text: 'a', last: true }, false],
  ['another', { text: 'a' }, { text: 'b' }, true],
  ['one more', { text: 'a' }, { text: 'a', last: true }, true],
  ['one less', { text: 'a', last: true }, { text: 'a' }, true],
])(
  'with %s properties a component is drawn again only if they differ',
  (_, before, next, again) => {
    const Memo = memo<Turn>(({ text }) => text);
    expect(new Memo(before).shouldComponentUpdate(next)).toBe(again);
  },
);
