// IQ4_XS: value = d (s - 32) v, v one of 16 signed bytes; s of 6 bits for 32 values, d for 256.
@group(1) @binding(0) var<storage, read> codes: array<vec4u>;
@group(1) @binding(1) var<storage, read> scales: array<vec2u>;

// -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
const TABLE = vec4u(0xbfad9881, 0xf6eaddcf, 0x26190d01, 0x71594535);

struct Block { codes: vec4u, scale: vec2f }

fn load_block(block: u32) -> Block {
  return Block(codes[block], affine(block));
}

fn codes8(block: Block, i: u32) -> vec2u {
  return looked_up8(nibbles8(block.codes, i));
}

fn affine(block: u32) -> vec2f {
  // d and the scales' highest two bits in one word, their nibbles in the other.
  let words = scales[block / 8];
  let u = block % 8;
  let s = ((words.y >> (4 * u)) & 15) | (((words.x >> (16 + 2 * u)) & 3) << 4);
  return vec2f(half_of(words.x, 0) * (f32(s) - 32), 0);
}
