// What every stored block type offers to a kernel. A row of a matrix is a run of blocks of 32 values, whatever
// the type; `load_block(b)` fetches block b of the tensor (rows one after another) and `weights8(block, i)`, i in
// 0..4, gives eight of its values: `lo` is values 4i..4i+3, `hi` is values 16+4i..16+4i+3.
// That split is the order in which the 4-bit types keep their nibbles, so decoding one word fills both.
// For kernels of which each invocation wants eight values only, `codes8(b, i)` fetches their codes q alone, and
// `affine(b)` the block's (d, m): value = d * q + m.
struct Eight { lo: vec4f, hi: vec4f }

const UNITS_PER_BLOCK = 4u;

/// The lower (even index) or upper (odd index) half of a word, as f32.
fn half_of(word: u32, index: u32) -> f32 {
  let halves = unpack2x16float(word);
  return select(halves.x, halves.y, (index & 1) == 1);
}

// A byte is taken out of its word by a mask, and put into its place by a multiplication with a power of two. Both
// are exact, and unlike shifts by several amounts they are one instruction each on a CPU's vector unit as well.
const BYTE_PLACES = vec4f(1, 0x1p-8, 0x1p-16, 0x1p-24);

/// The low nibbles of a word's four bytes, 0..15.
fn nibbles(word: u32) -> vec4f {
  return vec4f(vec4i(i32(word)) & vec4i(0xf, 0xf00, 0xf0000, 0xf000000)) * BYTE_PLACES;
}

/// A word's four bytes as signed numbers, -128..127.
fn signed_bytes(word: u32) -> vec4f {
  // The highest byte brings its own sign; the others are made positive, and set back.
  let biased = vec4i(vec3i(i32(word ^ 0x808080)), i32(word));
  return vec4f(biased & vec4i(0xff, 0xff00, 0xff0000, -0x1000000)) * BYTE_PLACES - vec4f(128, 128, 128, 0);
}
