// F32: 32 values are 32 words.
@group(1) @binding(0) var<storage, read> codes: array<vec4f>;

struct Block { first: u32 }

fn load_block(block: u32) -> Block {
  return Block(block * 8);
}

fn weights8(block: Block, i: u32) -> Eight {
  return Eight(codes[block.first + i], codes[block.first + 4 + i]);
}

fn affine(block: u32) -> vec2f {
  return vec2f(1, 0);
}

struct Turned { block: u32, lane: u32 }

const PLACES_LO = vec4f(1);
const PLACES_HI = vec4f(1);

fn load_turned(block: u32, lane: u32) -> Turned {
  return Turned(block, lane);
}

fn raw8(block: Turned, p: u32) -> Eight {
  return weights8(load_block(block.block), block.lane ^ p);
}

const PAIRED = false;

fn affine_pair(block: u32) -> AffinePair {
  return AffinePair(vec2f(1), vec2f());
}
