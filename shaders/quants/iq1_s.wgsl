// IQ1_S: value = d (2 s + 1) (g - 1 + t); g a level of the grid, t = 1/8 up or down and s of 3 bits for 32 values, d for
// 256.
@group(1) @binding(0) var<storage, read> codes: array<u32>;
@group(1) @binding(1) var<storage, read> highs: array<u32>;
@group(1) @binding(2) var<storage, read> scales: array<u32>;

struct Block { codes: u32, highs: u32, scale: vec2f }

fn load_block(block: u32) -> Block {
  return Block(codes[block], sixteen_of(highs[block / 2], block), affine(block));
}

/// Half of group g of eight values.
fn half_group(block: Block, g: u32, half: u32) -> u32 {
  let index = byte_of(block.codes, g) | (((block.highs >> (3 * g)) & 7) << 8);
  return pair_levels(grid_entry(index), half);
}

fn codes8(block: Block, i: u32) -> vec2u {
  return vec2u(half_group(block, i / 2, i % 2), half_group(block, 2 + i / 2, i % 2));
}

fn affine(block: u32) -> vec2f {
  let bits = sixteen_of(highs[block / 2], block);
  let d = half_of(scales[block / 16], block / 8) * f32(2 * ((bits >> 12) & 7) + 1);
  return d * vec2f(1, select(-0.875, -1.125, bits >= 0x8000));
}
