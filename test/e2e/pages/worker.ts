import { toWire } from '../../../src/errors.ts';
import { chosenFiles } from '../../../src/formats/sources/file_folder.ts';
import type { ChatMessage } from '../../../src/model/tokenizer_data.ts';
import { createClient } from '../../../src/worker/client.ts';
import type { GenerationEvent, LaminaApi } from '../../../src/worker/protocol.ts';

/** The real worker behind its real client, for tests that call it as the page does. */
const lamina = {
  api: createClient(),
  /** A file of test/golden as a person would choose it. */
  async file(path: string): Promise<File> {
    const response = await fetch(`/test/golden/${path}`);
    if (!response.ok) throw new Error(`${path}: the server answered ${response.status}`);
    return new File([await response.arrayBuffer()], path.replace(/^.*\//, ''), {
      lastModified: 0,
    });
  },
  chosen: (file: File) => chosenFiles([file]),
  /** What a call fails with; null when it does not. */
  async errorOf(call: (api: LaminaApi) => Promise<unknown>) {
    try {
      await call(lamina.api);
      return null;
    } catch (error) {
      const { name, message, details } = toWire(error);
      return { name, message, details, constructorName: (error as Error).constructor.name };
    }
  },
  /** One answer to a question, after those before it, and every event on the way. */
  async chat(content: string, max_tokens: number, before: readonly ChatMessage[] = []) {
    const events: GenerationEvent[] = [];
    const messages = [...before, { role: 'user', content }] as const;
    const result = await lamina.api.chat(messages, { max_tokens }, (event) => events.push(event));
    const after = events.length;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return { result, events, late: events.length - after };
  },
};

declare global {
  interface Window {
    lamina: typeof lamina;
  }
}

window.lamina = lamina;
