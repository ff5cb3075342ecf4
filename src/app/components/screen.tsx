import { Blocked } from './blocked.tsx';
import { Chat } from './chat.tsx';
import { usePage } from './page_context.ts';
import { TransferView } from './transfer_view.tsx';
import { Welcome } from './welcome.tsx';

/** The screen of the stage at hand. */
export function Screen() {
  const stage = usePage().models.stage.value;
  switch (stage.kind) {
    case 'starting':
      return <main class="centred" aria-busy="true" />;
    case 'blocked':
      return <Blocked failure={stage.failure} />;
    case 'welcome':
      return <Welcome />;
    case 'importing':
    case 'loading':
      return <TransferView stage={stage} />;
    case 'ready':
      return <Chat name={stage.name} model={stage.model} />;
  }
}
