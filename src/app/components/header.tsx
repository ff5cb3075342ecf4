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
        Lamina
      </span>
      {ready && (
        <>
          <button type="button" class="button quiet model-button" popovertarget="model-menu">
            <span data-testid="model-name">{stage.name}</span>
            <ChevronIcon />
          </button>
          <ModelMenu />
          <div class="bar-actions">
            <button
              type="button"
              class="button quiet"
              data-testid="new-chat"
              disabled={chat.conversation.value.length === 0}
              onClick={chat.newChat}
            >
              <NewChatIcon />
              <span class="wide-only">New chat</span>
              <span class="visually-hidden narrow-only">New chat</span>
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
