const BLOCK_BYTES = 64;
/** Where a block's 64-bit length of the message, in bits, begins. */
const LENGTH_AT = 56;

/** The first 32 bits of the fractions of the cube roots of the first 64 primes, and of the square roots of the first 8. */
const [ROUNDS, START] = constants();

/** SHA-256 of bytes that come in parts: the platform's own wants all of them at once. FIPS 180-4. */
export class Sha256Stream {
  private readonly state = START.slice();
  private readonly words = new Int32Array(64);
  private readonly block = new Uint8Array(BLOCK_BYTES);
  private bytes = 0;

  update(part: Uint8Array): void {
    const start = this.bytes % BLOCK_BYTES;
    this.bytes += part.length;
    if (start + part.length < BLOCK_BYTES) {
      this.block.set(part, start);
      return;
    }
    let at = start === 0 ? 0 : BLOCK_BYTES - start;
    if (at > 0) {
      this.block.set(part.subarray(0, at), start);
      this.mix(this.block, 0);
    }
    for (; at + BLOCK_BYTES <= part.length; at += BLOCK_BYTES) this.mix(part, at);
    this.block.set(part.subarray(at));
  }

  /** Lower-case hex; nothing can be added afterwards. */
  digest(): string {
    const bits = BigInt(this.bytes) * 8n;
    const rest = this.bytes % BLOCK_BYTES;
    const padding = new Uint8Array((rest < LENGTH_AT ? BLOCK_BYTES : 2 * BLOCK_BYTES) - rest);
    padding[0] = 0x80;
    new DataView(padding.buffer).setBigUint64(padding.length - 8, bits);
    this.update(padding);
    return Array.from(this.state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }

  private mix(bytes: Uint8Array, at: number): void {
    const { words: w, state } = this;
    for (let i = 0; i < 16; i++, at += 4) {
      w[i] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
    }
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15]!;
      const y = w[i - 2]!;
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = (w[i - 16]! + s0 + w[i - 7]! + s1) | 0;
    }
    // By index: iterating over them would take longer than the rounds.
    let a = state[0]!;
    let b = state[1]!;
    let c = state[2]!;
    let d = state[3]!;
    let e = state[4]!;
    let f = state[5]!;
    let g = state[6]!;
    let h = state[7]!;
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUNDS[i]! + w[i]!) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    state[0]! += a;
    state[1]! += b;
    state[2]! += c;
    state[3]! += d;
    state[4]! += e;
    state[5]! += f;
    state[6]! += g;
    state[7]! += h;
  }
}

function constants(): [rounds: Int32Array, start: Int32Array] {
  const primes: number[] = [];
  for (let n = 2; primes.length < 64; n++) {
    if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  }
  const bits = (root: number) => Math.floor((root % 1) * 2 ** 32);
  const rounds = Int32Array.from(primes, (prime) => bits(Math.cbrt(prime)));
  return [rounds, Int32Array.from(primes.slice(0, 8), (prime) => bits(Math.sqrt(prime)))];
}
