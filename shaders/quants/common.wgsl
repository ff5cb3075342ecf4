// What every stored block type offers to a kernel. A row of a matrix is a run of blocks of 32 values, whatever
// the type; `load_block(b)` fetches block b of the tensor (rows one after another) and `weights8(block, i)`, i in
// 0..4, gives eight of its values: `lo` is values 4i..4i+3, `hi` is values 16+4i..16+4i+3.
// That split is the order in which the 4-bit types keep their nibbles, so decoding one word fills both.
// For kernels that multiply codes q and bring scale and minimum in afterwards, value = d * q + m, `affine(b)` is the
// block's (d, m). Where a quad's four invocations have other columns of x at hand, `load_turned(b, lane)` fetches the
// codes of block b so that `raw8(codes, p)` are those of eight values number lane ^ p, in `weights8`'s order, but as
// they lie in their words: q is raw8 * (PLACES_LO, PLACES_HI), and these factors may as well go into x, once for many
// rows. `affine_pair(b)`, b even, is the (d, m) of blocks b and b + 1; PAIRED: they come out of the same words.
// Types of codes that are small integers also have `bytes8(codes, p)`: the codes of those eight values as signed bytes,
// the first four in one word, the last four in another; and `code_scales(b)`, the (d, m) that go with these, or, if
// HALVED, d of the block's first 16 values and of its last.
struct Eight { lo: vec4f, hi: vec4f }

struct AffinePair { d: vec2f, m: vec2f }

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

/// The four words in the order lane, lane ^ 1, lane ^ 2, lane ^ 3: two selections, where indexing is a dozen.
fn turned(words: vec4u, lane: u32) -> vec4u {
  let by_one = select(words, words.yxwz, (lane & 1) != 0);
  return select(by_one, by_one.zwxy, (lane & 2) != 0);
}

/// A word's nibbles, low and high, unplaced.
fn raw_nibbles(word: u32) -> Eight {
  let w = i32(word);
  // The highest nibble would bring the sign: it is taken as -8..7, and set back.
  let highest = f32((w ^ -0x80000000) & -0x10000000) + 0x1p31;
  return Eight(
    vec4f(vec4i(w) & vec4i(0xf, 0xf00, 0xf0000, 0xf000000)),
    vec4f(vec3f(vec3i(w) & vec3i(0xf0, 0xf000, 0xf00000)), highest),
  );
}

/// A word's signed bytes, unplaced.
fn raw_signed_bytes(word: u32) -> vec4f {
  let biased = vec3f(vec3i(i32(word ^ 0x808080)) & vec3i(0xff, 0xff00, 0xff0000));
  return vec4f(biased - vec3f(0x80, 0x8000, 0x800000), f32(i32(word) & -0x1000000));
}

// Codes of few bits are packed by the unit of 32: of width words, word k holds words k, k + width, ... of the unit's
// bytes, the first lowest. So the codes of `weights8` are one shift away, and those of its `hi` four bits above `lo`.

/// Unit i's codes of four bits, a byte each.
fn nibbles8(words: vec4u, i: u32) -> vec2u {
  let word = words[i];
  return vec2u(word, word >> 4) & vec2u(0x0f0f0f0f);
}

/// Unit i's codes of two bits, a byte each.
fn pairs8(words: vec2u, i: u32) -> vec2u {
  let word = words[i & 1] >> (i & 2);
  return vec2u(word, word >> 4) & vec2u(0x03030303);
}

/// Unit i's bits, a byte each.
fn bits8(word: u32, i: u32) -> vec2u {
  let shifted = word >> i;
  return vec2u(shifted, shifted >> 4) & vec2u(0x01010101);
}

/// The lower (even index) or upper (odd index) 16 bits of a word.
fn sixteen_of(word: u32, index: u32) -> u32 {
  return (word >> (16 * (index & 1))) & 0xffff;
}

/// Byte index % 4 of a word.
fn byte_of(word: u32, index: u32) -> u32 {
  return (word >> (8 * (index & 3))) & 255;
}

/// Bytes less `half`, a power of two: unsigned numbers below 2 half become signed ones.
fn centred8(bytes: vec2u, half: u32) -> vec2u {
  let signs = vec2u(half * 0x01010101);
  let flipped = bytes ^ signs;
  return flipped | ((flipped & signs) * (256 / half - 2));
}
