import { type Signal, signal } from '@preact/signals';
import type {
  ChosenFiles,
  EncodedTypeName,
  ImportChoice,
  LaminaApi,
  ModelSource,
} from '../worker/protocol.ts';
import { isExported } from '../worker/protocol.ts';
import type { Display } from './display.ts';
import { failureOf } from './failures.ts';
import type { LibraryState } from './library.ts';
import type { KnownSource, UrlSource } from './library_store.ts';
import type { Stage } from './stage.ts';

/** What an import makes of a model's matrices of plain floats; null: they stay. */
export type WantedType = EncodedTypeName | null;

export interface ImportState {
  /** What the hub knows the user by, for models that not everybody may read; never stored. */
  readonly token: Signal<string>;
  /**
   * Asks the user how a model is to be imported, where there is a choice.
   * @returns undefined when they want none of it or it failed, and then `otherwise` is the stage
   */
  ask(source: UrlSource | ChosenFiles, otherwise: Stage): Promise<WantedType | undefined>;
  /** The user's answer to that. */
  choose(wanted: WantedType): void;
  /**
   * @param mending files of the pack that are damaged
   * @returns the pack's id; null when it failed or was cancelled, and then `otherwise` is the stage
   */
  run(
    source: UrlSource | ChosenFiles,
    wanted: WantedType,
    mending: readonly string[],
    otherwise: Stage,
  ): Promise<string | null>;
  cancel(): void;
}

export function createImportState(
  api: LaminaApi,
  library: LibraryState,
  display: Display,
): ImportState {
  const { stage, failure, transfer } = display;
  const token = signal('');
  let abort = new AbortController();
  let answer: (wanted: WantedType | undefined) => void = () => undefined;

  /** Shows an import, until it ends in some way. */
  async function attempt<T>(
    shown: Extract<Stage, { kind: 'importing' }>,
    otherwise: Stage,
    action: (signal: AbortSignal) => Promise<T>,
  ): Promise<T | undefined> {
    abort = new AbortController();
    failure.value = null;
    transfer.value = null;
    stage.value = shown;
    try {
      return await action(abort.signal);
    } catch (error) {
      if (!isCancel(error)) failure.value = failureOf(error, 'import');
      await library.refresh().catch(() => undefined);
      stage.value = otherwise;
      return undefined;
    }
  }

  /** Of an import that has begun, or a pack that is to be mended, the same type; else as it is. */
  function usual(choices: readonly ImportChoice[]): WantedType {
    const known = library.packs.value.toSorted((a, b) => Number(a.complete) - Number(b.complete));
    const pack = known.find(({ id }) => choices.some((choice) => choice.pack === id));
    return choices.find((choice) => choice.pack === pack?.id)?.quantize ?? null;
  }

  return {
    token,
    async ask(source, otherwise) {
      if ('files' in source && isExported(source)) return null;
      const from = asSource(source, token.value.trim());
      const choices = await attempt(importing(source, []), otherwise, (signal) =>
        api.importChoices(from, signal),
      );
      if (!choices) return undefined;
      if (choices.length < 2) return null;
      const answered = new Promise<WantedType | undefined>((resolve) => {
        answer = resolve;
      });
      stage.value = { kind: 'choosing', name: source.name, choices, usual: usual(choices) };
      const wanted = await answered;
      if (wanted === undefined) stage.value = otherwise;
      return wanted;
    },
    choose(wanted) {
      answer(wanted);
    },
    async run(source, wanted, mending, otherwise) {
      const known = knownSource(source, wanted);
      const pack = await attempt(importing(source, mending), otherwise, async (signal) => {
        library.importBegins(known);
        const from = asSource(source, token.value.trim());
        const pack = await api.importModel(from, display.measure(), wanted, signal);
        library.importEnds(pack, known);
        await library.refresh();
        return pack;
      });
      return pack ?? null;
    },
    cancel() {
      answer(undefined);
      if (stage.value.kind !== 'importing') return;
      stage.value = { ...stage.value, cancelling: true };
      abort.abort();
    },
  };
}

function importing(source: UrlSource | ChosenFiles, mending: readonly string[]) {
  const resumes = !('files' in source && isExported(source));
  const { name } = source;
  return { kind: 'importing', name, mending, resumes, cancelling: false } as const;
}

function knownSource(source: UrlSource | ChosenFiles, wanted: WantedType): KnownSource {
  const { name } = source;
  const rest = { name, ...(wanted && { quantize: wanted }) };
  return 'files' in source ? { kind: 'file', ...rest } : { kind: 'url', url: source.url, ...rest };
}

function asSource(source: UrlSource | ChosenFiles, token: string): ModelSource {
  return 'files' in source ? source : { url: source.url, ...(token && { token }) };
}

function isCancel(error: unknown): boolean {
  return error instanceof Error && error.name === 'ImportCancelledError';
}
