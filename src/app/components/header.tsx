import { focusComposer } from '../focus_composer.ts';
import { ChevronIcon, Mark, NewChatIcon, SettingsIcon } from './icons.tsx';
import { ModelMenu } from './model_menu.tsx';
import { usePage } from './page_context.ts';
import { SettingsPanel } from './settings_panel.tsx';

/** The bar on top: the model at hand, a new chat, the settings. */
export function Header() {
  const { models, chat } = usePage();
  const stage = models.stage.value;
  const ready = stage.kind === 'ready';
  return (
    <header class="bar">
      <span class="wordmark">
        <Mark />
        <span class={ready ? 'wide-only' : undefined}>Lamina</span>
      </span>
      {ready && (
        <>
          <button type="button" class="button quiet model-button" popovertarget="model-menu">
            <span class="visually-hidden">Model: </span>
            <span class="model-name" data-testid="model-name">
              {stage.name}
            </span>
            <ChevronIcon />
          </button>
          <ModelMenu />
          <div class="bar-actions">
            <button
              type="button"
              class="button quiet"
              data-testid="new-chat"
              disabled={chat.conversation.value.length === 0}
              onClick={() => {
                chat.newChat();
                focusComposer();
              }}
            >
              <NewChatIcon />
              <span class="wide-only">New chat</span>
            </button>
            <button type="button" class="button quiet" popovertarget="settings">
              <SettingsIcon />
              <span class="visually-hidden">Settings</span>
            </button>
          </div>
          <SettingsPanel />
        </>
      )}
    </header>
  );
}
