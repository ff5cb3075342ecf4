// NVFP4: value = s v, s a float of 4 bits of exponent and 3 of fraction for 16 values, v a float of 4 bits.
@group(1) @binding(0) var<storage, read> codes: array<vec4u>;
@group(1) @binding(1) var<storage, read> scales: array<u32>;

// Twice v: 0, 1, 2, 3, 4, 6, 8, 12, and the same negative
const TABLE = vec4u(0x03020100, 0x0c080604, 0xfdfeff00, 0xf4f8fafc);

struct Block { codes: vec4u, d: vec2f }

/// Half of s; ggml takes 127, which is no number, as 0.
fn half_of_e4m3(byte: u32) -> f32 {
  let exponent = (byte >> 3) & 15;
  let normal = bitcast<f32>(((exponent + 119) << 23) | ((byte & 7) << 20));
  let number = select(normal, f32(byte & 7) * 0x1p-10, exponent == 0);
  return select(number, 0, byte == 127);
}

fn load_block(block: u32) -> Block {
  let bytes = sixteen_of(scales[block / 2], block);
  return Block(codes[block], vec2f(half_of_e4m3(bytes & 255), half_of_e4m3(bytes >> 8)));
}

fn codes8(block: Block, i: u32) -> vec2u {
  return looked_up8(nibbles8(block.codes, i));
}
