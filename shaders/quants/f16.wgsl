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
