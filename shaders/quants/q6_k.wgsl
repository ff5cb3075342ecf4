// Q6_K: value = d s (q - 32), q of 6 bits: a nibble in codes, two bits in highs; s a signed byte for 16 values, d for 256.
@group(1) @binding(0) var<storage, read> codes: array<vec4u>;
@group(1) @binding(1) var<storage, read> highs: array<vec2u>;
@group(1) @binding(2) var<storage, read> scales: array<u32>;
@group(1) @binding(3) var<storage, read> supers: array<u32>;

struct Block { codes: vec4u, highs: vec2u, d: vec2f }

fn load_block(block: u32) -> Block {
  let s = i32(sixteen_of(scales[block / 2], block) << 16);
  let d = half_of(supers[block / 16], block / 8);
  return Block(codes[block], highs[block], d * vec2f(vec2i(s << 8, s) >> vec2u(24)));
}

fn codes8(block: Block, i: u32) -> vec2u {
  return centred8(nibbles8(block.codes, i) | (pairs8(block.highs, i) << vec2u(4)), 32);
}
