// IQ3_XXS: value = d (s + 1/2) / 2 g; g a level of the grid with a sign, s of 4 bits for 32 values, d for 256.
@group(1) @binding(0) var<storage, read> codes: array<vec2u>;
@group(1) @binding(1) var<storage, read> signs: array<u32>;
@group(1) @binding(2) var<storage, read> scales: array<u32>;

struct Block { codes: vec2u, signs: u32, scale: vec2f }

fn load_block(block: u32) -> Block {
  return Block(codes[block], signs[block], affine(block));
}

/// Group g of four values.
fn group(block: Block, index: u32, g: u32) -> u32 {
  let levels = nibble_levels(grid_entry(index));
  // 4, 12, 20, 28, 36, 44, 52, and 62 where all three bits are set.
  let seven = levels & (levels >> 1) & (levels >> 2) & 0x01010101;
  let four = even_signs(block.signs >> (7 * (g / 2))) >> (4 * (g % 2));
  return with_signs(0x04040404 + 8 * levels + 2 * seven, four);
}

fn codes8(block: Block, i: u32) -> vec2u {
  return vec2u(
    group(block, byte_of(block.codes.x, i), i),
    group(block, byte_of(block.codes.y, i), 4 + i),
  );
}

fn affine(block: u32) -> vec2f {
  let s = f32(signs[block] >> 28) + 0.5;
  return vec2f(half_of(scales[block / 16], block / 8) * s * 0.5, 0);
}
