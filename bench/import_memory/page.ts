import type { EncodedTypeName } from '../../src/formats/block_types.ts';
import { createClient } from '../../src/worker/client.ts';

/** Imports the checkpoint that the address names, and tells the server that it names when that begins and ends. */
const asked = new URLSearchParams(location.search);
const quantize = asked.get('quantize') as EncodedTypeName | null;

/** Resolves when whoever listens has taken it down. */
const tell = (what: string): Promise<Response> =>
  fetch(asked.get('tell')!, { method: 'POST', body: what });

const api = createClient();
try {
  await api.packs();
  await tell('ready');
  const pack = await api.importModel({ url: asked.get('url')! }, () => undefined, quantize);
  await tell(`done ${pack}`);
} catch (error) {
  await tell(`failed ${error}`);
}
