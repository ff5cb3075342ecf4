// Q3_K: value = d (s - 32) (q - 4), q of 3 bits: two in codes, the highest in highs; s of 6 bits for 16 values, d for 256.
@group(1) @binding(0) var<storage, read> codes: array<vec2u>;
@group(1) @binding(1) var<storage, read> highs: array<u32>;
@group(1) @binding(2) var<storage, read> scales: array<u32>;
@group(1) @binding(3) var<storage, read> supers: array<u32>;

struct Block { codes: vec2u, highs: u32, d: vec2f }

fn load_block(block: u32) -> Block {
  let group = block / 8;
  let u = block % 8;
  // Of 16 scales, four bits are in the nibbles of two words, low ones first, two in the pairs of a third.
  let lows = sixteen_of(scales[3 * group + u / 2 % 2] >> (4 * (u / 4)), u);
  let pairs = sixteen_of(scales[3 * group + 2] >> (2 * (u / 2)), u);
  let s = vec2u(lows & 15, (lows >> 8) & 15) | (vec2u(pairs & 3, (pairs >> 8) & 3) << vec2u(4));
  return Block(codes[block], highs[block], half_of(supers[group / 2], group) * (vec2f(s) - 32));
}

fn codes8(block: Block, i: u32) -> vec2u {
  return centred8(pairs8(block.codes, i) | (bits8(block.highs, i) << vec2u(2)), 4);
}
