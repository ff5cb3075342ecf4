// IQ2_XXS: value = d (s + 1/2) / 4 g; g a level of the grid with a sign, s of 4 bits for 32 values, d for 256.
@group(1) @binding(0) var<storage, read> codes: array<vec2u>;
@group(1) @binding(1) var<storage, read> scales: array<u32>;

struct Block { codes: vec2u, scale: vec2f }

fn load_block(block: u32) -> Block {
  return Block(codes[block], affine(block));
}

/// Half of group g of eight values.
fn half_group(block: Block, g: u32, half: u32) -> u32 {
  let levels = pair_levels(grid_entry(byte_of(block.codes.x, g)), half);
  return with_signs(magnitudes(levels), even_signs(block.codes.y >> (7 * g)) >> (4 * half));
}

fn codes8(block: Block, i: u32) -> vec2u {
  return vec2u(half_group(block, i / 2, i % 2), half_group(block, 2 + i / 2, i % 2));
}

fn affine(block: u32) -> vec2f {
  let s = f32(codes[block].y >> 28) + 0.5;
  return vec2f(half_of(scales[block / 16], block / 8) * s * 0.25, 0);
}
