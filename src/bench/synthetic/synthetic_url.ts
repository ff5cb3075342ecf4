import { SHAPES, type ShapeName } from '../../model/shapes.ts';
import { RANDOM_TYPES } from './random_blocks.ts';
import { SyntheticSource } from './synthetic_source.ts';

const SCHEME = 'synthetic:';

/** A model that is made where it is wanted instead of being fetched, `synthetic:llama-70b:Q4_0`; null: another URL. */
export function parseSyntheticUrl(url: string): SyntheticSource | null {
  if (!url.startsWith(SCHEME)) return null;
  const [shape = '', name] = url.slice(SCHEME.length).split(':');
  const type = RANDOM_TYPES.find((type) => type === name);
  if (!type || !Object.hasOwn(SHAPES, shape)) {
    throw new RangeError(
      `${url}: after "${SCHEME}" a shape (${Object.keys(SHAPES).join(', ')}), a colon and a type (${RANDOM_TYPES.join(', ')}).`,
    );
  }
  return new SyntheticSource({
    name: `synthetic ${shape} ${type}`,
    shape: SHAPES[shape as ShapeName],
    type,
    seed: 0,
  });
}
