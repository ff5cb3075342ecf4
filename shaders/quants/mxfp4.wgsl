// MXFP4: value = 2^(e - 128) v, e a byte for 32 values, v twice a float of 4 bits.
@group(1) @binding(0) var<storage, read> codes: array<vec4u>;
@group(1) @binding(1) var<storage, read> scales: array<u32>;

// 0, 1, 2, 3, 4, 6, 8, 12, and the same negative
const TABLE = vec4u(0x03020100, 0x0c080604, 0xfdfeff00, 0xf4f8fafc);

struct Block { codes: vec4u, scale: vec2f }

fn load_block(block: u32) -> Block {
  return Block(codes[block], affine(block));
}

fn codes8(block: Block, i: u32) -> vec2u {
  return looked_up8(nibbles8(block.codes, i));
}

fn affine(block: u32) -> vec2f {
  let e = byte_of(scales[block / 4], block);
  // The two smallest powers are subnormal.
  let bits = select((e - 1) << 23, 0x200000u << (e & 1), e < 2);
  return vec2f(bitcast<f32>(bits), 0);
}
