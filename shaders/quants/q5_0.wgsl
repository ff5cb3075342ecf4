// Q5_0: value = d * (q - 16), q of 5 bits: a nibble in codes, the highest bit in highs.
@group(1) @binding(0) var<storage, read> codes: array<vec4u>;
@group(1) @binding(1) var<storage, read> highs: array<u32>;
@group(1) @binding(2) var<storage, read> scales: array<u32>;

struct Block { codes: vec4u, highs: u32, scale: vec2f }

fn load_block(block: u32) -> Block {
  return Block(codes[block], highs[block], affine(block));
}

fn codes8(block: Block, i: u32) -> vec2u {
  return nibbles8(block.codes, i) | (bits8(block.highs, i) << vec2u(4));
}

fn affine(block: u32) -> vec2f {
  return half_of(scales[block / 2], block) * vec2f(1, -16);
}
