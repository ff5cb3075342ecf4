import { expose } from 'comlink';
import { Engine } from '../../../src/engine/engine.ts';
import { readCheckpoint } from '../../../src/formats/read_checkpoint.ts';
import { openFileFolder } from '../../../src/formats/sources/file_folder.ts';
import { type Gpu, openGpu } from '../../../src/gpu/device.ts';
import { openBrowserStore } from '../../../src/store/choose_store.ts';
import { importPack } from '../../../src/store/importer.ts';
import { openManifest } from '../../../src/store/open_pack.ts';
import type { WeightStore } from '../../../src/store/weight_store.ts';

/** A checkpoint below test/golden: its files, and those that say what it must give. */
export interface Fixture {
  readonly name: string;
  readonly files: readonly string[];
  readonly expected: string;
  readonly logits: string;
}

export interface Comparison {
  readonly architecture: string;
  readonly positions: number;
  /** The largest difference of a logit, and how large it may be. */
  readonly difference: number;
  readonly tolerance: number;
  readonly peak_weight_bytes: number;
  readonly largest_layer_bytes: number;
}

let opened: Promise<{ gpu: Gpu; store: WeightStore }> | undefined;

async function openAll(): Promise<{ gpu: Gpu; store: WeightStore }> {
  return { gpu: await openGpu(navigator.gpu), store: await openBrowserStore() };
}

/** Tiny models in a worker, imported into this browser's own store, one layer at a time on one device. */
const architectures = {
  async compare({ name, files, expected, logits }: Fixture): Promise<Comparison> {
    opened ??= openAll();
    const { gpu, store } = await opened;
    const chosen = await Promise.all(files.map(fileOf));
    // A file that was chosen alone is the model, whatever it is called.
    const only = chosen.length === 1 ? chosen[0]!.path : undefined;
    const checkpoint = await readCheckpoint(openFileFolder({ name, files: chosen }), only);
    const pack = await importPack({ checkpoint, store });
    const { input_ids, positions, greedy, tolerance } = JSON.parse(
      await (await load(expected)).text(),
    );
    const reference = new Float32Array(await (await load(logits)).arrayBuffer());
    const manifest = await openManifest(store, pack);
    const [ids] = input_ids;
    // As long as the reference's text: RoPE's factors may depend on it.
    const context_length = ids.length + greedy.length;
    const engine = await Engine.create({
      ...{ gpu, store, pack, manifest, context_length },
      precision: 'f32',
    });
    try {
      const { vocab_size, architecture } = engine.config;
      const actual = new Float32Array(positions.length * vocab_size);
      const keep = (token: number, rows: Float32Array) => {
        // The reference may have the logits of some tokens only; rows may be of several tokens.
        for (let at = 0; at < rows.length; at += vocab_size) {
          const row = positions.indexOf(token + at / vocab_size);
          if (row >= 0) actual.set(rows.subarray(at, at + vocab_size), row * vocab_size);
        }
      };
      await engine.prefill(ids, 0, { observer: { logits: keep } });
      return {
        architecture,
        positions: positions.length,
        difference: differenceOf(actual, reference),
        tolerance: tolerance.recommended_atol_f32,
        peak_weight_bytes: engine.ledger.read('weights').peak,
        largest_layer_bytes: engine.weights.largest_layer_bytes,
      };
    } finally {
      engine.destroy();
      await store.remove(pack);
    }
  },
};

export type ArchitecturesApi = typeof architectures;

async function load(path: string): Promise<Response> {
  const response = await fetch(`/test/golden/${path}`);
  if (!response.ok) throw new Error(`${path}: the server answered ${response.status}`);
  return response;
}

async function fileOf(path: string): Promise<{ path: string; file: File }> {
  const name = path.replace(/^.*\//, '');
  return {
    path: name,
    file: new File([await (await load(path)).blob()], name, { lastModified: 0 }),
  };
}

/** NaN where a logit is none. */
function differenceOf(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new Error(`${a.length} logits, and ${b.length} expected`);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

expose(architectures);
