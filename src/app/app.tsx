import './styles/index.css';
import { useEffect, useState } from 'preact/hooks';
import type { LaminaApi } from '../worker/protocol.ts';
import { DiagnosticsDialog } from './components/diagnostics_dialog.tsx';
import { FileDrop } from './components/file_drop.tsx';
import { Header } from './components/header.tsx';
import { LiveRegion } from './components/live_region.tsx';
import { PageContext } from './components/page_context.ts';
import { Screen } from './components/screen.tsx';
import { loadRichText } from './rich_text.ts';
import { browserServices } from './services.ts';
import { createState } from './state.ts';

/** The page. `api` is the worker that owns the GPU and the weights. */
export function App({ api }: { api: LaminaApi }) {
  const [page] = useState(() => createState(browserServices(api)));

  useEffect(() => {
    void page.models.start();
    void loadRichText();
    // Also when the tab is closed in mid-answer.
    addEventListener('pagehide', page.chat.save);
    return () => removeEventListener('pagehide', page.chat.save);
  }, [page]);

  return (
    <PageContext.Provider value={page}>
      <div class="page" data-stage={page.models.stage.value.kind}>
        <Header />
        <Screen />
      </div>
      <DiagnosticsDialog />
      <FileDrop />
      <LiveRegion />
    </PageContext.Provider>
  );
}
