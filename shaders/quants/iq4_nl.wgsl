// IQ4_NL: value = d * v, v one of 16 signed bytes.
@group(1) @binding(0) var<storage, read> codes: array<vec4u>;
@group(1) @binding(1) var<storage, read> scales: array<u32>;

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
  return vec2f(half_of(scales[block / 2], block), 0);
}
