// TQ2_0: value = d (q - 1), q of 2 bits; d for 256 values.
@group(1) @binding(0) var<storage, read> codes: array<vec2u>;
@group(1) @binding(1) var<storage, read> scales: array<u32>;

struct Block { codes: vec2u, scale: vec2f }

fn load_block(block: u32) -> Block {
  return Block(codes[block], affine(block));
}

fn codes8(block: Block, i: u32) -> vec2u {
  return pairs8(block.codes, i);
}

fn affine(block: u32) -> vec2f {
  return half_of(scales[block / 16], block / 8) * vec2f(1, -1);
}
