// Q4_1: value = d * q + m, q of 4 bits. Byte j of a block's 16 holds value j (low nibble) and value 16 + j (high).
@group(1) @binding(0) var<storage, read> codes: array<vec4u>;
@group(1) @binding(1) var<storage, read> scales: array<u32>;
@group(1) @binding(2) var<storage, read> mins: array<u32>;

struct Block { codes: vec4u, d: f32, m: f32 }

fn load_block(block: u32) -> Block {
  return Block(codes[block], half_of(scales[block / 2], block), half_of(mins[block / 2], block));
}

fn weights8(block: Block, i: u32) -> Eight {
  let word = block.codes[i];
  return Eight(block.d * nibbles(word) + block.m, block.d * nibbles(word >> 4) + block.m);
}

fn affine(block: u32) -> vec2f {
  return vec2f(half_of(scales[block / 2], block), half_of(mins[block / 2], block));
}

struct Turned { codes: vec4u }

const PLACES_LO = BYTE_PLACES;
const PLACES_HI = BYTE_PLACES / 16;

fn load_turned(block: u32, lane: u32) -> Turned {
  return Turned(turned(codes[block], lane));
}

fn raw8(block: Turned, p: u32) -> Eight {
  return raw_nibbles(block.codes[p]);
}

const HALVED = false;

fn code_scales(block: u32) -> vec2f {
  return affine(block);
}

fn bytes8(block: Turned, p: u32) -> vec2u {
  let word = block.codes[p];
  return vec2u(word & 0x0f0f0f0f, (word >> 4) & 0x0f0f0f0f);
}

const PAIRED = true;

fn affine_pair(block: u32) -> AffinePair {
  return AffinePair(unpack2x16float(scales[block / 2]), unpack2x16float(mins[block / 2]));
}
