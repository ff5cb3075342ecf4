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

fn codes8(block: u32, i: u32) -> Eight {
  return Eight(signed_bytes(codes[2 * block][i]), signed_bytes(codes[2 * block + 1][i]));
}

fn affine(block: u32) -> vec2f {
  return vec2f(half_of(scales[block / 2], block), 0);
}
