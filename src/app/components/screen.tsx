import { useEffect } from 'preact/hooks';
import { Blocked } from './blocked.tsx';
import { Chat } from './chat.tsx';
import { ChooseImport } from './choose_import.tsx';
import { usePage } from './page_context.ts';
import { TransferView } from './transfer_view.tsx';
import { Welcome } from './welcome.tsx';

/** The screen of the stage at hand. */
export function Screen() {
  const stage = usePage().models.stage.value;

  // The button that changed the screen is gone with it: the keyboard goes on from the new one.
  useEffect(() => {
    if (document.activeElement === document.body) document.querySelector('main')!.focus();
  }, [stage.kind]);

  switch (stage.kind) {
    case 'starting':
      return (
        <main class="centred" tabIndex={-1} aria-busy="true">
          <p class="starting">Looking for a GPU and for models on this device</p>
        </main>
      );
    case 'blocked':
      return <Blocked failure={stage.failure} />;
    case 'welcome':
      return <Welcome />;
    case 'choosing':
      return <ChooseImport stage={stage} />;
    case 'importing':
    case 'loading':
      return <TransferView stage={stage} />;
    case 'ready':
      return <Chat name={stage.name} model={stage.model} />;
  }
}
