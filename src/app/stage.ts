import type { ImportChoice, LoadedModel } from '../worker/protocol.ts';
import type { Failure } from './failures.ts';

/** Which screen the page shows. */
export type Stage =
  | { readonly kind: 'starting' }
  /** Nothing can be done here: no WebGPU, no adapter, no storage. */
  | { readonly kind: 'blocked'; readonly failure: Failure }
  /** No model is loaded; one can be chosen. */
  | { readonly kind: 'welcome' }
  | {
      readonly kind: 'importing';
      readonly name: string;
      /** Files of the pack that were damaged and are fetched again; empty: an ordinary import. */
      readonly mending: readonly string[];
      /** Whether it goes on where it stopped when the page is closed; the file that a pack was exported to is taken whole. */
      readonly resumes: boolean;
      readonly cancelling: boolean;
    }
  /** There are several ways to import a model, and the user says which. */
  | {
      readonly kind: 'choosing';
      readonly name: string;
      readonly choices: readonly ImportChoice[];
      /** The type of the choice that is made beforehand. */
      readonly usual: ImportChoice['quantize'];
    }
  | { readonly kind: 'loading'; readonly name: string }
  /** `name`: as the catalogue calls the model, else as it calls itself. */
  | { readonly kind: 'ready'; readonly name: string; readonly model: LoadedModel };

export const WELCOME: Stage = { kind: 'welcome' };

/** The stage in words, for people who do not see the screen change. */
export function announcementOf(stage: Stage): string {
  switch (stage.kind) {
    case 'importing':
      return stage.cancelling ? 'Cancelling the import.' : `Importing ${stage.name}.`;
    case 'choosing':
      return `How is ${stage.name} to be kept?`;
    case 'loading':
      return `Loading ${stage.name}.`;
    case 'ready':
      return `${stage.name} is ready.`;
    default:
      return '';
  }
}
