// Q4_K: value = d s q - e t, q of 4 bits; s and t for 32 values, d and e for 256.
@group(1) @binding(0) var<storage, read> codes: array<vec4u>;
@group(1) @binding(1) var<storage, read> scales: array<vec4u>;

struct Block { codes: vec4u, scale: vec2f }

fn load_block(block: u32) -> Block {
  return Block(codes[block], affine(block));
}

fn codes8(block: Block, i: u32) -> vec2u {
  return nibbles8(block.codes, i);
}

fn affine(block: u32) -> vec2f {
  return k_affine(scales[block / 8], block % 8);
}
