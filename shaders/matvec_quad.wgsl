// y = W x (or y += W x), one token at a time, for devices whose subgroups are four wide; see matmul_quad for what is
// dear there. An invocation makes twelve rows, one after the other in a loop, two blocks of each where the blocks' scales
// share words: so x is loaded once for all of them, and the loop's code stays in the cache of decoded instructions. Of x,
// the four invocations of a quad load other columns each and hand them round by swaps: in turn p, lane l has the columns
// of lane l ^ p, and takes the codes that go with them. The codes stay as they lie in their words: x is scaled for that,
// and a block's scale and minimum are applied to its sums.
enable subgroups;

override ROWS: u32;           // out_features
override COLS: u32;           // in_features, a multiple of 32
override Y_STRIDE: u32;       // floats from one token's output to the next
override Y_FIRST: u32 = 0;    // where the first row's output stands, after what the binding's offset can say
override ACCUMULATE: bool;    // add to y: the residual connection

struct Pass { tokens: u32 }
@group(0) @binding(0) var<uniform> pass_: Pass;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [tokens, COLS / 4]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;   // [tokens, Y_STRIDE]

const THREADS = 4u;
const TILE_ROWS = 12u;
const STEP = select(1u, 2u, PAIRED);
override BLOCKS = COLS / 32;

/// What outlives a few instructions, in memory as in matmul_quad: for each of two blocks this lane's eight columns of x
/// in two vectors; the sums of these blocks of x (as x and y); and the sums of the rows.
var<private> kept: array<vec4f, 5 + TILE_ROWS / 4>;
const X = 0u;
const X_SUMS = 4u;
const SUMS = 5u;

fn affine_of_two(block: u32) -> AffinePair {
  // A row of evenly many blocks begins at an even one, and so at the first of a pair.
  if (!PAIRED || BLOCKS % 2 == 0) { return affine_pair(block); }
  let first = affine(block);
  let second = affine(block + 1);
  return AffinePair(vec2f(first.x, second.x), vec2f(first.y, second.y));
}

/// Keeps x of a block, and returns its sum.
fn load_x(at: u32, to: u32) -> f32 {
  let lo = x[at];
  let hi = x[at + 4];
  kept[to] = lo * PLACES_LO;
  kept[to + 1] = hi * PLACES_HI;
  let of_lane = lo.x + lo.y + lo.z + lo.w + hi.x + hi.y + hi.z + hi.w;
  let of_two = of_lane + quadSwapX(of_lane);
  return of_two + quadSwapY(of_two);
}

/// The sum of a block's codes times x, which is kept at `lo`; x is taken from there one number at a time.
fn product(block: u32, lo: u32, lane: u32) -> f32 {
  let hi = lo + 1;
  let codes = load_turned(block, lane);
  let q0 = raw8(codes, 0);
  var sum = kept[lo].x * q0.lo.x + kept[lo].y * q0.lo.y + kept[lo].z * q0.lo.z + kept[lo].w * q0.lo.w
    + kept[hi].x * q0.hi.x + kept[hi].y * q0.hi.y + kept[hi].z * q0.hi.z + kept[hi].w * q0.hi.w;
  let q1 = raw8(codes, 1);
  sum = sum
    + quadSwapX(kept[lo].x) * q1.lo.x + quadSwapX(kept[lo].y) * q1.lo.y
    + quadSwapX(kept[lo].z) * q1.lo.z + quadSwapX(kept[lo].w) * q1.lo.w
    + quadSwapX(kept[hi].x) * q1.hi.x + quadSwapX(kept[hi].y) * q1.hi.y
    + quadSwapX(kept[hi].z) * q1.hi.z + quadSwapX(kept[hi].w) * q1.hi.w;
  let q2 = raw8(codes, 2);
  sum = sum
    + quadSwapY(kept[lo].x) * q2.lo.x + quadSwapY(kept[lo].y) * q2.lo.y
    + quadSwapY(kept[lo].z) * q2.lo.z + quadSwapY(kept[lo].w) * q2.lo.w
    + quadSwapY(kept[hi].x) * q2.hi.x + quadSwapY(kept[hi].y) * q2.hi.y
    + quadSwapY(kept[hi].z) * q2.hi.z + quadSwapY(kept[hi].w) * q2.hi.w;
  let q3 = raw8(codes, 3);
  sum = sum
    + quadSwapDiagonal(kept[lo].x) * q3.lo.x + quadSwapDiagonal(kept[lo].y) * q3.lo.y
    + quadSwapDiagonal(kept[lo].z) * q3.lo.z + quadSwapDiagonal(kept[lo].w) * q3.lo.w
    + quadSwapDiagonal(kept[hi].x) * q3.hi.x + quadSwapDiagonal(kept[hi].y) * q3.hi.y
    + quadSwapDiagonal(kept[hi].z) * q3.hi.z + quadSwapDiagonal(kept[hi].w) * q3.hi.w;
  return sum;
}

/// What a row's one or two blocks from `block` on add to its sum.
fn product_of_two(block: u32, two: bool, lane: u32) -> f32 {
  let pair = affine_of_two(block);
  let sum = pair.d.x * product(block, X, lane) + pair.m.x * kept[X_SUMS].x;
  if (!two) { return sum; }
  return sum + pair.d.y * product(block + 1, X + 2, lane) + pair.m.y * kept[X_SUMS].y;
}

@compute @workgroup_size(THREADS)
fn matvec_quad(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  if (group.y >= pass_.tokens) { return; }
  let lane = local & 3;
  let row = (group.x * THREADS + local) * TILE_ROWS;
  let x_row = group.y * (COLS / 4) + lane;
  for (var block = 0u; block < BLOCKS; block += STEP) {
    let two = PAIRED && (BLOCKS % 2 == 0 || block + 1 < BLOCKS);
    let x_at = x_row + block * 8;
    kept[X_SUMS].x = load_x(x_at, X);
    if (two) { kept[X_SUMS].y = load_x(x_at + 8, X + 2); }
    // Rows past the end are whatever is there, and not stored.
    var w_at = row * BLOCKS + block;
    for (var r = 0u; r < TILE_ROWS; r++) {
      let sum = kept[SUMS].x + product_of_two(w_at, two, lane);
      w_at += BLOCKS;
      // The sums move on by one, so that the next row's is the first: no indexing by a variable.
      let first = kept[SUMS];
      let second = kept[SUMS + 1];
      let third = kept[SUMS + 2];
      kept[SUMS] = vec4f(first.yzw, second.x);
      kept[SUMS + 1] = vec4f(second.yzw, third.x);
      kept[SUMS + 2] = vec4f(third.yzw, sum);
    }
  }
  for (var r = 0u; r < TILE_ROWS; r++) {
    if (row + r < ROWS) {
      let at = group.y * Y_STRIDE + Y_FIRST + row + r;
      let sum = kept[SUMS + r / 4][r % 4];
      if (ACCUMULATE) { y[at] += sum; } else { y[at] = sum; }
    }
  }
}
