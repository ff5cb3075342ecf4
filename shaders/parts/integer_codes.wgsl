// For stored types whose codes are small integers q, with a scale and a minimum for 32 values: value = d q + m. The
// decoder has `load_block`, whose Block has `scale`, (d, m), and `codes8(block, i)`: unit i's codes as signed bytes.
fn weights8(block: Block, i: u32) -> Eight {
  let q = codes8(block, i);
  return Eight(
    block.scale.x * signed_bytes(q.x) + block.scale.y,
    block.scale.x * signed_bytes(q.y) + block.scale.y,
  );
}

struct Turned { block: Block, lane: u32 }

const PLACES_LO = BYTE_PLACES;
const PLACES_HI = BYTE_PLACES;

fn load_turned(block: u32, lane: u32) -> Turned {
  return Turned(load_block(block), lane);
}

const HALVED = false;

fn code_scales(block: u32) -> vec2f {
  return affine(block);
}

fn bytes8(block: Turned, p: u32) -> vec2u {
  return codes8(block.block, block.lane ^ p);
}

fn raw8(block: Turned, p: u32) -> Eight {
  let q = bytes8(block, p);
  return Eight(raw_signed_bytes(q.x), raw_signed_bytes(q.y));
}

const PAIRED = false;

fn affine_pair(block: u32) -> AffinePair {
  let scale = affine(block);
  return AffinePair(vec2f(scale.x), vec2f(scale.y));
}
