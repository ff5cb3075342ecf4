import { type Signal, useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';

/** As near to the end as counts as being there, in CSS pixels. */
const NEAR = 48;

export interface StickyScroll {
  /** The reader is at the end, and follows what is added. */
  readonly atEnd: Signal<boolean>;
  scrollToEnd(): void;
}

/** Follows growing content to its end until the reader scrolls up; never fights the reader. */
export function useStickyScroll(
  scroller: RefObject<HTMLElement | null>,
  content: RefObject<HTMLElement | null>,
): StickyScroll {
  const atEnd = useSignal(true);
  const scrollToEnd = () => {
    const element = scroller.current!;
    atEnd.value = true;
    element.scrollTop = element.scrollHeight;
  };

  useEffect(() => {
    const element = scroller.current!;
    const distance = () => element.scrollHeight - element.scrollTop - element.clientHeight;
    let lastTop = element.scrollTop;
    const onScroll = () => {
      const up = element.scrollTop < lastTop;
      lastTop = element.scrollTop;
      // Content that grew between two frames is no scrolling: only a way up lets go.
      if (distance() <= NEAR) atEnd.value = true;
      else if (up) atEnd.value = false;
    };
    const follow = new ResizeObserver(() => {
      if (atEnd.peek()) element.scrollTop = element.scrollHeight;
    });
    element.addEventListener('scroll', onScroll, { passive: true });
    follow.observe(content.current!);
    follow.observe(element);
    return () => {
      element.removeEventListener('scroll', onScroll);
      follow.disconnect();
    };
  }, [scroller, content, atEnd]);

  return { atEnd, scrollToEnd };
}
