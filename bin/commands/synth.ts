import { basename, dirname, resolve } from 'node:path';
import { RANDOM_TYPES } from '../../src/bench/synthetic/random_blocks.ts';
import { SyntheticSource } from '../../src/bench/synthetic/synthetic_source.ts';
import { packFileWriter } from '../../src/bench/synthetic/write_pack_file.ts';
import { SettingError } from '../../src/engine/errors.ts';
import { readGguf } from '../../src/formats/gguf/read_gguf.ts';
import { planPack } from '../../src/model/plan_pack.ts';
import { SHAPES, type ShapeName } from '../../src/model/shapes.ts';
import { importPack } from '../../src/store/importer.ts';
import { NodeStore } from '../../src/store/node_store.ts';
import { UsageError } from '../errors.ts';
import { readOptions, wholeNumber } from '../options.ts';
import { ProgressLine } from '../progress_line.ts';
import { SHAPE_OPTIONS, shapeOf } from '../synth/shape_options.ts';
import { writeGgufFile } from '../synth/write_gguf_file.ts';

const OPTIONS = {
  ...SHAPE_OPTIONS,
  shape: { type: 'string' },
  type: { type: 'string' },
  seed: { type: 'string' },
  out: { type: 'string' },
  pack: { type: 'string' },
} as const;

/** `lamina synth`: a model of random weights with the dimensions of a real one, for measuring. */
export async function synth(args: string[]): Promise<void> {
  const { values, text } = readOptions(args, OPTIONS, 'argument');
  if (text !== undefined) throw new UsageError({ reason: `"${text}" is not expected here` });
  const { out, pack } = values;
  if ((out === undefined) === (pack === undefined)) {
    throw new UsageError({ reason: 'Either --out or --pack says where the model goes' });
  }
  const shape = oneOf('--shape', values.shape, Object.keys(SHAPES) as ShapeName[]);
  const type = oneOf('--type', values.type, RANDOM_TYPES);
  const source = new SyntheticSource({
    name: `synthetic ${shape} ${type}`,
    shape: shapeOf(shape, values),
    type,
    seed: wholeNumber('--seed', values.seed, { min: 0, max: 2 ** 32 - 1 }) ?? 0,
  });
  // What could not be run is refused before anything is written.
  planPack(await readGguf(source));

  const started = performance.now();
  if (out !== undefined) await writeGgufFile(source, out);
  else await writePack(source, resolve(pack!));
  const seconds = (performance.now() - started) / 1000;
  const rate = source.size / 1e6 / seconds;
  console.log(
    `${out ?? pack}: ${(source.size / 1e6).toFixed(1)} MB in ${seconds.toFixed(1)} s, ${rate.toFixed(0)} MB/s`,
  );
}

/** The pack that importing the same checkpoint would give. */
async function writePack(source: SyntheticSource, folder: string): Promise<void> {
  const line = new ProgressLine();
  try {
    await importPack({
      checkpoint: await readGguf(source),
      store: new NodeStore(dirname(folder)),
      pack: basename(folder),
      writeWeights: packFileWriter(source),
      onProgress: line.transfer,
    });
  } finally {
    line.end();
  }
}

function oneOf<T extends string>(setting: string, value: string | undefined, known: readonly T[]) {
  const found = known.find((name) => name === value);
  if (found !== undefined) return found;
  const allowed = known.join(', ');
  if (value === undefined) throw new UsageError({ reason: `${setting} is missing (${allowed})` });
  throw new SettingError({ setting, value, allowed });
}
