// IQ2_S: value = d (s + 1/2) / 4 g; g a level of the grid with a sign, s of 4 bits for 16 values, d for 256.
@group(1) @binding(0) var<storage, read> codes: array<u32>;
@group(1) @binding(1) var<storage, read> signs: array<u32>;
@group(1) @binding(2) var<storage, read> scales: array<u32>;
@group(1) @binding(3) var<storage, read> supers: array<u32>;

struct Block { codes: u32, highs: u32, signs: u32, d: vec2f }

fn load_block(block: u32) -> Block {
  // Of 256 values eight bytes of the indices' highest bits, then eight of scales.
  let at = 4 * (block / 8) + block / 4 % 2;
  let byte = byte_of(scales[at + 2], block);
  let s = vec2f(vec2u(byte & 15, byte >> 4)) + 0.5;
  let d = half_of(supers[block / 16], block / 8) * s * 0.25;
  return Block(codes[block], byte_of(scales[at], block), signs[block], d);
}

/// Half of group g of eight values.
fn half_group(block: Block, g: u32, half: u32) -> u32 {
  let index = byte_of(block.codes, g) | (((block.highs >> (2 * g)) & 3) << 8);
  let levels = pair_levels(grid_entry(index), half);
  return with_signs(magnitudes(levels), block.signs >> (8 * g + 4 * half));
}

fn codes8(block: Block, i: u32) -> vec2u {
  return vec2u(half_group(block, i / 2, i % 2), half_group(block, 2 + i / 2, i % 2));
}
