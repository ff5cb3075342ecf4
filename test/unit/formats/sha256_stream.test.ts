import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { Sha256Stream } from '../../../src/formats/sha256_stream.ts';

const BYTES = Uint8Array.from({ length: 1000 }, (_, i) => (i * 37) ^ (i >> 3));

test.each([0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 1000])(
  'the hash of %i bytes is that of the platform, however they are cut',
  (length) => {
    const bytes = BYTES.subarray(0, length);
    const expected = createHash('sha256').update(bytes).digest('hex');
    for (const step of [1, 3, 63, 64, 65, 200, 1001]) {
      const hash = new Sha256Stream();
      for (let at = 0; at < length; at += step) hash.update(bytes.subarray(at, at + step));
      expect(hash.digest(), `${step} at a time`).toBe(expected);
    }
  },
);
