import { afterEach, expect, test, vi } from 'vitest';
import { CheckpointAmbiguousError, SourceHttpError } from '../../../src/formats/errors.ts';
import { chosenFiles } from '../../../src/formats/sources/file_folder.ts';
import { ModelLocationError } from '../../../src/worker/errors.ts';
import { readModel } from '../../../src/worker/read_model.ts';
import { golden } from '../store/golden.ts';

afterEach(() => vi.unstubAllGlobals());

const model = async (name: string) => new File([await golden('gguf/llama-q4_1.gguf')], name);

test('a file that was chosen alone is the model, whatever it is called', async () => {
  const { format, source } = await readModel(chosenFiles([await model('weights.bin')]));
  expect({ format, name: source.name }).toEqual({ format: 'gguf', name: 'weights.bin' });
});

test('of several models in one folder none is guessed', async () => {
  const both = chosenFiles([await model('a.gguf'), await model('b.gguf')]);
  await expect(readModel(both)).rejects.toThrow(CheckpointAmbiguousError);
});

test.each(['', 'model', '/models/a.gguf', 'ftp://a.org/b.gguf', 'https://'])(
  '%j is refused with what to write instead',
  async (url) => {
    await expect(readModel({ url })).rejects.toThrow(ModelLocationError);
  },
);

test('the token is sent to the hub, and to no other server', async () => {
  const seen: [string, string | null][] = [];
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    seen.push([new URL(url).host, new Headers(init.headers).get('Authorization')]);
    return new Response('', { status: 403 });
  });
  for (const url of ['owner/name', 'https://example.org/a.gguf']) {
    await expect(readModel({ url, token: 'hf_x' })).rejects.toThrow(SourceHttpError);
  }
  expect(new Map(seen)).toEqual(
    new Map([
      ['huggingface.co', 'Bearer hf_x'],
      ['example.org', null],
    ]),
  );
});
