import { expect, test } from 'vitest';
import { SyntheticSource } from '../../../src/bench/synthetic/synthetic_source.ts';
import { BLOCK_TYPES } from '../../../src/formats/block_types.ts';
import type { ByteSource } from '../../../src/formats/source.ts';
import { SHAPES } from '../../../src/model/shapes.ts';
import { PIECE_BYTES } from '../../../src/store/manifest.ts';
import { MemoryStore } from '../../../src/store/memory_store.ts';
import { READ_BYTES } from '../../../src/store/weight_file.ts';
import type { FileWriter } from '../../../src/store/weight_store.ts';
import { importFile } from './import_file.ts';

/** Bytes that were asked of a source and are not on the disk yet, now and at most. */
class Outstanding {
  now = 0;
  most = 0;

  add(bytes: number): void {
    this.now += bytes;
    this.most = Math.max(this.most, this.now);
  }
}

function counted(source: ByteSource, outstanding: Outstanding): ByteSource {
  const { name, size, version } = source;
  return {
    name,
    size,
    version,
    read(offset, length, signal) {
      outstanding.add(length);
      return source.read(offset, length, signal);
    },
  };
}

/** A disk that is slower than the source, and forgets the weights. */
class SlowStore extends MemoryStore {
  private readonly outstanding: Outstanding;

  constructor(outstanding: Outstanding) {
    super();
    this.outstanding = outstanding;
  }

  override async create(pack: string, file: string): Promise<FileWriter> {
    if (!file.endsWith('.bin')) return super.create(pack, file);
    return {
      write: async (bytes) => {
        await new Promise((resolve) => setTimeout(resolve, 10));
        this.outstanding.add(-bytes.length);
      },
      commit: async () => undefined,
      abort: async () => undefined,
    };
  }
}

test('an import holds a few reads, a few pieces and the scales of one tensor, however large the model is', async () => {
  const source = new SyntheticSource({
    name: 'synthetic',
    shape: { ...SHAPES.custom, num_hidden_layers: 2, hidden_size: 2048, intermediate_size: 32_768 },
    type: 'Q4_1',
    seed: 0,
  });
  expect(source.size).toBeGreaterThan(190e6);
  const largest = Math.max(...Array.from(source.tensors.values(), ({ info }) => info.bytes));
  const { block_bytes, planes } = BLOCK_TYPES.Q4_1;
  const held = largest * (1 - planes[0]!.bytes_per_block / block_bytes);

  const outstanding = new Outstanding();
  const store = new SlowStore(outstanding);
  await importFile({ source: counted(source, outstanding), store });
  // One read is split while another is on its way; one piece is written while the next one is filled.
  expect(outstanding.most).toBeLessThanOrEqual(2 * READ_BYTES + 2 * PIECE_BYTES + held);
  expect(outstanding.most).toBeGreaterThan(READ_BYTES);
});
