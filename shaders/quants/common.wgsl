// What every stored block type offers to a kernel. A row of a matrix is a run of blocks of 32 values, whatever
// the type; `load_block(b)` fetches block b of the tensor (rows one after another) and `weights8(block, i)`, i in
// 0..4, gives eight of its values: `lo` is values 4i..4i+3, `hi` is values 16+4i..16+4i+3.
// That split is the order in which the 4-bit types keep their nibbles, so decoding one word fills both.
struct Eight { lo: vec4f, hi: vec4f }

const UNITS_PER_BLOCK = 4u;

/// The lower (even index) or upper (odd index) half of a word, as f32.
fn half_of(word: u32, index: u32) -> f32 {
  return unpack2x16float(word)[index & 1];
}

/// The low nibbles of a word's four bytes, 0..15.
fn nibbles(word: u32) -> vec4f {
  return vec4f((vec4u(word) >> vec4u(0, 8, 16, 24)) & vec4u(15));
}
