// IQ3_S: value = d (2 s + 1) g; g a level of the grid with a sign, s of 4 bits for 32 values, d for 256.
@group(1) @binding(0) var<storage, read> codes: array<vec2u>;
@group(1) @binding(1) var<storage, read> highs: array<u32>;
@group(1) @binding(2) var<storage, read> signs: array<u32>;
@group(1) @binding(3) var<storage, read> scales: array<u32>;

struct Block { codes: vec2u, highs: u32, signs: u32, scale: vec2f }

fn load_block(block: u32) -> Block {
  return Block(codes[block], byte_of(highs[block / 4], block), signs[block], affine(block));
}

/// Group g of four values; levels are 1, 3, ... 15.
fn group(block: Block, low: u32, g: u32) -> u32 {
  let levels = nibble_levels(grid_entry(low | (((block.highs >> g) & 1) << 8)));
  return with_signs(0x01010101 + 2 * levels, block.signs >> (4 * g));
}

fn codes8(block: Block, i: u32) -> vec2u {
  return vec2u(
    group(block, byte_of(block.codes.x, i), i),
    group(block, byte_of(block.codes.y, i), 4 + i),
  );
}

fn affine(block: u32) -> vec2f {
  // d and eight nibbles: three times 16 bits.
  let at = 3 * (block / 8);
  let nibbles = at + 1 + block / 4 % 2;
  let s = (sixteen_of(scales[nibbles / 2], nibbles) >> (4 * (block % 4))) & 15;
  return vec2f(half_of(scales[at / 2], at) * f32(2 * s + 1), 0);
}
