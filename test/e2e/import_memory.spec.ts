import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { measureImport } from '../../bench/import_memory/measure_import.js';
import { ensureBrowser } from '../../scripts/browser/ensure_browser.js';
import { inProject } from '../../scripts/project.js';
import { withTemporaryFolder } from '../../scripts/temporary_folder.js';

const PAGES = process.env.TEST_PAGES_URL ?? 'http://localhost:4175';
const WIDTH = 1024;
const LAYERS = 12;
/** Two reads, two pieces, two threads to hash them, and what waits for the collector. */
const MOST_GROWTH = 150e6;

/** A Llama of about 300 MB in F16, the same megabytes again and again. @returns its bytes */
function writeCheckpoint(folder: string): number {
  const config = {
    ...{ architectures: ['LlamaForCausalLM'], model_type: 'llama', torch_dtype: 'float16' },
    ...{ hidden_size: WIDTH, intermediate_size: 3 * WIDTH, num_hidden_layers: LAYERS },
    ...{ num_attention_heads: 16, num_key_value_heads: 16, vocab_size: 4096 },
    ...{ max_position_embeddings: 128, rms_norm_eps: 1e-5, rope_theta: 1e4, hidden_act: 'silu' },
    tie_word_embeddings: true,
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  const square = [WIDTH, WIDTH];
  const shapes: [name: string, shape: number[]][] = [
    ['model.embed_tokens.weight', [4096, WIDTH]],
    ['model.norm.weight', [WIDTH]],
  ];
  for (let i = 0; i < LAYERS; i++) {
    const at = `model.layers.${i}.`;
    shapes.push([`${at}input_layernorm.weight`, [WIDTH]]);
    shapes.push([`${at}post_attention_layernorm.weight`, [WIDTH]]);
    for (const part of 'qkvo') shapes.push([`${at}self_attn.${part}_proj.weight`, square]);
    for (const part of ['gate', 'up']) {
      shapes.push([`${at}mlp.${part}_proj.weight`, [3 * WIDTH, WIDTH]]);
    }
    shapes.push([`${at}mlp.down_proj.weight`, [WIDTH, 3 * WIDTH]]);
  }
  let end = 0;
  const header = Object.fromEntries(
    shapes.map(([name, shape]) => {
      const start = end;
      end += 2 * shape.reduce((product, length) => product * length, 1);
      return [name, { dtype: 'F16', shape, data_offsets: [start, end] }];
    }),
  );
  const json = JSON.stringify(header);
  const padded = json.padEnd(Math.ceil(json.length / 8) * 8);
  const file = openSync(join(folder, 'model.safetensors'), 'w');
  writeSync(file, BigUint64Array.of(BigInt(padded.length)));
  writeSync(file, padded);
  const values = Uint16Array.from({ length: 2 ** 20 }, (_, i) => 0x2000 + ((i * 7919) % 4096));
  for (let left = end; left > 0; left -= values.byteLength) {
    writeSync(file, new Uint8Array(values.buffer, 0, Math.min(left, values.byteLength)));
  }
  closeSync(file);
  return end;
}

test('an import holds a part of the checkpoint and no more', async () => {
  test.skip(process.platform !== 'linux', 'only Linux tells the memory of a tree of processes');
  const browser = await ensureBrowser();
  await withTemporaryFolder(inProject('.browser'), async (folder) => {
    const bytes = writeCheckpoint(folder);
    const file = join(folder, 'model.safetensors');
    const profile = join(folder, 'profile');
    const seen = await measureImport({ file, quantize: null, pages: PAGES, browser, profile });
    const growth = seen.peak - seen.before;
    console.log(`${(bytes / 1e6).toFixed(0)} MB imported, ${(growth / 1e6).toFixed(0)} MB more`);
    expect(seen.samples).toBeGreaterThan(5);
    expect(growth).toBeGreaterThan(10e6);
    expect(growth).toBeLessThan(MOST_GROWTH);
  });
});
