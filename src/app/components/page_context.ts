import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { PageState } from '../state.ts';

export const PageContext = createContext<PageState | null>(null);

/** The page's state, from any component. */
export function usePage(): PageState {
  return useContext(PageContext)!;
}
