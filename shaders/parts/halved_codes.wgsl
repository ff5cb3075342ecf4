// For stored types whose codes are small integers q, with a scale for 16 values: value = d q. The decoder has
// `load_block`, whose Block has `d`, the scales of the first and of the last 16, and `codes8(block, i)`: unit i's codes
// as signed bytes. What stands for the codes where there can be one scale for 32 are the values.
fn weights8(block: Block, i: u32) -> Eight {
  let q = codes8(block, i);
  return Eight(block.d.x * signed_bytes(q.x), block.d.y * signed_bytes(q.y));
}

fn affine(block: u32) -> vec2f {
  return vec2f(1, 0);
}

struct Turned { block: Block, lane: u32 }

const PLACES_LO = BYTE_PLACES;
const PLACES_HI = BYTE_PLACES;

fn load_turned(block: u32, lane: u32) -> Turned {
  return Turned(load_block(block), lane);
}

const HALVED = true;

fn code_scales(block: u32) -> vec2f {
  return load_block(block).d;
}

fn bytes8(block: Turned, p: u32) -> vec2u {
  return codes8(block.block, block.lane ^ p);
}

fn raw8(block: Turned, p: u32) -> Eight {
  let q = bytes8(block, p);
  return Eight(block.block.d.x * raw_signed_bytes(q.x), block.block.d.y * raw_signed_bytes(q.y));
}

const PAIRED = false;

fn affine_pair(block: u32) -> AffinePair {
  return AffinePair(vec2f(1), vec2f());
}
