// Q2_K: value = d s q - e t, q of 2 bits; s and t for 16 values, d and e for 256.
@group(1) @binding(0) var<storage, read> codes: array<vec2u>;
@group(1) @binding(1) var<storage, read> scales: array<u32>;
@group(1) @binding(2) var<storage, read> supers: array<u32>;

struct Block { codes: vec2u, d: vec2f, m: vec2f }

fn load_block(block: u32) -> Block {
  let nibbles = (vec4u(sixteen_of(scales[block / 2], block)) >> vec4u(0, 8, 4, 12)) & vec4u(15);
  let scale = unpack2x16float(supers[block / 8]);
  return Block(codes[block], scale.x * vec2f(nibbles.xy), -scale.y * vec2f(nibbles.zw));
}

fn weights8(block: Block, i: u32) -> Eight {
  let q = pairs8(block.codes, i);
  return Eight(
    block.d.x * signed_bytes(q.x) + block.m.x,
    block.d.y * signed_bytes(q.y) + block.m.y,
  );
}
