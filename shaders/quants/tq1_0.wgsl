// TQ1_0: value = d (q - 1), q a digit of base 3; d for 256 values. A byte is a fraction of 256 with five digits.
@group(1) @binding(0) var<storage, read> codes: array<u32>;
@group(1) @binding(1) var<storage, read> scales: array<u32>;

struct Block { block: u32, scale: vec2f }

const DIGIT_PLACES = array<u32, 5>(1, 3, 9, 27, 81);

fn load_block(block: u32) -> Block {
  return Block(block, affine(block));
}

/// Digit n of each of a word's bytes.
fn trits(word: u32, n: u32) -> u32 {
  let place = DIGIT_PLACES[n];
  let even = ((((word & 0xff00ff) * place) & 0xff00ff) * 3) >> 8;
  let odd = (((((word >> 8) & 0xff00ff) * place) & 0xff00ff) * 3) >> 8;
  return (even & 0x30003) | ((odd & 0x30003) << 8);
}

fn codes8(block: Block, i: u32) -> vec2u {
  let first = 13 * (block.block / 8);
  let u = block.block % 8;
  // The first 32 bytes hold the digits of five units, the next 16 those of the other three, but for the last 16 values:
  // these are in four bytes more.
  if (u < 5) { return vec2u(trits(codes[first + i], u), trits(codes[first + 4 + i], u)); }
  let lo = trits(codes[first + 8 + i], 2 * (u - 5));
  if (u < 7) { return vec2u(lo, trits(codes[first + 8 + i], 2 * (u - 5) + 1)); }
  return vec2u(lo, trits(codes[first + 12], i));
}

fn affine(block: u32) -> vec2f {
  return half_of(scales[block / 16], block / 8) * vec2f(1, -1);
}
