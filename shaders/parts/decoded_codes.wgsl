// For stored types that have no one scale for 32 values: what stands for their codes are the values themselves.
fn affine(block: u32) -> vec2f {
  return vec2f(1, 0);
}

struct Turned { block: Block, lane: u32 }

const PLACES_LO = vec4f(1);
const PLACES_HI = vec4f(1);

fn load_turned(block: u32, lane: u32) -> Turned {
  return Turned(load_block(block), lane);
}

fn raw8(block: Turned, p: u32) -> Eight {
  return weights8(block.block, block.lane ^ p);
}

const PAIRED = false;

fn affine_pair(block: u32) -> AffinePair {
  return AffinePair(vec2f(1), vec2f());
}
