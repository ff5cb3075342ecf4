// Q8_0: value = d * q, q a signed byte.
@group(1) @binding(0) var<storage, read> codes: array<vec4u>;
@group(1) @binding(1) var<storage, read> scales: array<u32>;

struct Block { low: vec4u, high: vec4u, d: f32 }

fn load_block(block: u32) -> Block {
  return Block(codes[2 * block], codes[2 * block + 1], half_of(scales[block / 2], block));
}

fn weights8(block: Block, i: u32) -> Eight {
  return Eight(
    block.d * signed_bytes(block.low[i]),
    block.d * signed_bytes(block.high[i]),
  );
}

fn affine(block: u32) -> vec2f {
  return vec2f(half_of(scales[block / 2], block), 0);
}

struct Turned { low: vec4u, high: vec4u }

const PLACES_LO = BYTE_PLACES;
const PLACES_HI = BYTE_PLACES;

fn load_turned(block: u32, lane: u32) -> Turned {
  return Turned(turned(codes[2 * block], lane), turned(codes[2 * block + 1], lane));
}

fn raw8(block: Turned, p: u32) -> Eight {
  return Eight(raw_signed_bytes(block.low[p]), raw_signed_bytes(block.high[p]));
}

const HALVED = false;

fn code_scales(block: u32) -> vec2f {
  return affine(block);
}

fn bytes8(block: Turned, p: u32) -> vec2u {
  return vec2u(block.low[p], block.high[p]);
}

const PAIRED = true;

fn affine_pair(block: u32) -> AffinePair {
  return AffinePair(unpack2x16float(scales[block / 2]), vec2f());
}
