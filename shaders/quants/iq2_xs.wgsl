// IQ2_XS: value = d (s + 1/2) / 4 g; g a level of the grid with a sign, s of 4 bits for 16 values, d for 256.
@group(1) @binding(0) var<storage, read> codes: array<vec2u>;
@group(1) @binding(1) var<storage, read> scales: array<u32>;
@group(1) @binding(2) var<storage, read> supers: array<u32>;

struct Block { codes: vec2u, d: vec2f }

fn load_block(block: u32) -> Block {
  let byte = byte_of(scales[block / 4], block);
  let s = vec2f(vec2u(byte & 15, byte >> 4)) + 0.5;
  return Block(codes[block], half_of(supers[block / 16], block / 8) * s * 0.25);
}

/// Half of group g of eight values: a grid index below seven signs.
fn half_group(block: Block, g: u32, half: u32) -> u32 {
  let group = sixteen_of(block.codes[g >> 1], g);
  let levels = pair_levels(grid_entry(group & 511), half);
  return with_signs(magnitudes(levels), even_signs(group >> 9) >> (4 * half));
}

fn codes8(block: Block, i: u32) -> vec2u {
  return vec2u(half_group(block, i / 2, i % 2), half_group(block, 2 + i / 2, i % 2));
}
