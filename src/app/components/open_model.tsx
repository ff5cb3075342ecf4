import { useSignal } from '@preact/signals';
import { sourceNamed } from '../library_store.ts';
import { OpenFilesButton } from './open_files_button.tsx';
import { usePage } from './page_context.ts';

/** The ways to a model of one's own: its name on the hub, its address, or files on this device. */
export function OpenModel() {
  const page = usePage();
  const { token } = page.models;
  const place = useSignal('');
  return (
    <section class="open-model" aria-label="Open another model">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (place.value.trim() !== '') void page.openModel(sourceNamed(place.value));
        }}
      >
        <label class="field">
          <span class="field-label">Name or address of a model</span>
          <input
            type="text"
            inputMode="url"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            placeholder="owner/name or https://…"
            data-testid="model-place"
            value={place}
            onInput={({ currentTarget }) => {
              place.value = currentTarget.value;
            }}
          />
          <span class="hint">
            On the Hugging Face hub, with @revision and :file where they are needed; or of a GGUF or
            safetensors model anywhere.
          </span>
        </label>
        <details class="token">
          <summary>Access token</summary>
          <label class="field">
            <span class="visually-hidden">Access token</span>
            <input
              type="password"
              autocomplete="off"
              data-testid="model-token"
              value={token}
              onInput={({ currentTarget }) => {
                token.value = currentTarget.value;
              }}
            />
            <span class="hint">
              For models that need one. It goes to the hub alone, and is forgotten with this page.
            </span>
          </label>
        </details>
        <button type="submit" class="button" disabled={place.value.trim() === ''}>
          Fetch and open
        </button>
      </form>
      <div class="own-file">
        <OpenFilesButton />
        <OpenFilesButton folder />
        <p class="hint mouse-only">or drop them anywhere on this page</p>
      </div>
    </section>
  );
}
