// BF16: 32 values are 16 words, two upper halves of f32 in each, the lower one first.
@group(1) @binding(0) var<storage, read> codes: array<vec2u>;

struct Block { first: u32 }

fn load_block(block: u32) -> Block {
  return Block(block * 8);
}

fn four_halves(words: vec2u) -> vec4f {
  let low = words << vec2u(16);
  let high = words & vec2u(0xffff0000);
  return bitcast<vec4f>(vec4u(low.x, high.x, low.y, high.y));
}

fn weights8(block: Block, i: u32) -> Eight {
  return Eight(four_halves(codes[block.first + i]), four_halves(codes[block.first + 4 + i]));
}
