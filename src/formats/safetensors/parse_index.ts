import { quote, ShardIndexError } from '../errors.ts';
import type { WholeFile } from '../folder.ts';
import { JsonValue, JsonValueError } from '../json_value.ts';

/** Names of tensors by the name of the file that holds them, as `model.safetensors.index.json` has it. */
export type ShardIndex = ReadonlyMap<string, ReadonlySet<string>>;

/** @throws ShardIndexError */
export function parseIndex({ name: source, bytes }: WholeFile): ShardIndex {
  const fail = (reason: string): never => {
    throw new ShardIndexError({ source, reason });
  };
  const shards = new Map<string, Set<string>>();
  try {
    const map = JsonValue.parse(bytes).get('weight_map');
    for (const tensor of map.keys()) {
      const file = map.get(tensor).string();
      // Never a path: it could lead out of the checkpoint's folder.
      if (!/^[^/\\\p{Cc}]{1,255}$/u.test(file) || !file.endsWith('.safetensors')) {
        fail(`names ${quote(file)}, which is no .safetensors file beside it`);
      }
      const tensors = shards.get(file) ?? new Set();
      shards.set(file, tensors.add(tensor));
    }
  } catch (error) {
    if (!(error instanceof JsonValueError)) throw error;
    fail(`${quote(error.field)} ${error.reason.slice(0, 200)}`);
  }
  if (shards.size === 0) fail('names no tensor');
  return shards;
}
