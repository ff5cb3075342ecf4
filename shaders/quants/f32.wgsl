// F32: 32 values are 32 words.
@group(1) @binding(0) var<storage, read> codes: array<vec4f>;

struct Block { first: u32 }

fn load_block(block: u32) -> Block {
  return Block(block * 8);
}

fn weights8(block: Block, i: u32) -> Eight {
  return Eight(codes[block.first + i], codes[block.first + 4 + i]);
}
