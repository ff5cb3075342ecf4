// F16: 32 values are 16 words, two halves in each, the lower half first.
@group(1) @binding(0) var<storage, read> codes: array<vec2u>;

struct Block { first: u32 }

fn load_block(block: u32) -> Block {
  return Block(block * 8);
}

fn four_halves(words: vec2u) -> vec4f {
  return vec4f(unpack2x16float(words.x), unpack2x16float(words.y));
}

fn weights8(block: Block, i: u32) -> Eight {
  return Eight(four_halves(codes[block.first + i]), four_halves(codes[block.first + 4 + i]));
}
