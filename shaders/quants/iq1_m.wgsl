// IQ1_M: value = d (2 s + 1) (g - 1 + t); g a level of the grid, t = 1/8 up or down for 8 values, s of 3 bits for 16, d
// for 256.
@group(1) @binding(0) var<storage, read> codes: array<u32>;
@group(1) @binding(1) var<storage, read> highs: array<u32>;
@group(1) @binding(2) var<storage, read> scales: array<vec2u>;

struct Block { codes: u32, highs: u32, d: vec2f }

fn load_block(block: u32) -> Block {
  // Four times 16 bits: a quarter of d on top, and four scales.
  let words = scales[block / 8];
  let tops = (vec4u(words.x, words.x >> 16, words.y, words.y >> 16) >> vec4u(12)) & vec4u(15);
  let d = half_of(tops.x | (tops.y << 4) | (tops.z << 8) | (tops.w << 12), 0);
  let u = block % 8;
  let bits = sixteen_of(words[u / 4], u / 2) >> (6 * (u % 2));
  let s = vec2f(vec2u(bits & 7, (bits >> 3) & 7));
  return Block(codes[block], sixteen_of(highs[block / 2], block), d * (2 * s + 1));
}

/// Half of group g of eight values.
fn half_group(block: Block, g: u32, half: u32) -> vec4f {
  let bits = block.highs >> (4 * g);
  let levels = pair_levels(grid_entry(byte_of(block.codes, g) | ((bits & 7) << 8)), half);
  return signed_bytes(levels) - select(0.875, 1.125, (bits & 8) != 0);
}

fn weights8(block: Block, i: u32) -> Eight {
  return Eight(
    block.d.x * half_group(block, i / 2, i % 2),
    block.d.y * half_group(block, 2 + i / 2, i % 2),
  );
}
