// y = W x (or y += W x), one token at a time, for devices whose subgroups are four wide; see matmul_quad for what is
// dear there. An invocation makes two rows, two blocks of each at a time where the blocks' scales share words; a larger
// tile would serve each load better, but its code leaves the CPU's instruction cache. Of x, the four invocations of a
// quad load other columns each and hand them round by swaps: in turn p, lane l has the columns of lane l ^ p, and takes
// the codes that go with them. The codes stay as they lie in their words: x is scaled for that, and a block's scale and
// minimum are applied to its sums.
enable subgroups;

override ROWS: u32;           // out_features
override COLS: u32;           // in_features, a multiple of 32
override Y_STRIDE: u32;       // floats from one token's output to the next
override Y_FIRST: u32 = 0;    // where the first row's output stands, after what the binding's offset can say
override ACCUMULATE: bool;    // add to y: the residual connection

@group(0) @binding(0) var<storage, read> x: array<vec4f>;       // [tokens, COLS / 4]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;   // [tokens, Y_STRIDE]

const THREADS = 8u;
const TILE_ROWS = 2u;
const STEP = select(1u, 2u, PAIRED);
override BLOCKS = COLS / 32;

/// What outlives a few instructions, in memory as in matmul_quad: for each row two blocks' (d, d, m, m), this lane's
/// eight columns of x in the block at hand, and (as x) the sum of each row.
var<private> kept: array<vec4f, 6>;
const X_LO = 2u;
const X_HI = 3u;
const SUMS = 4u;

fn affine_of_two(block: u32) -> AffinePair {
  // A row of evenly many blocks begins at an even one, and so at the first of a pair.
  if (!PAIRED || BLOCKS % 2 == 0) { return affine_pair(block); }
  let first = affine(block);
  let second = affine(block + 1);
  return AffinePair(vec2f(first.x, second.x), vec2f(first.y, second.y));
}

fn keep_affine(r: u32, block: u32) {
  let pair = affine_of_two(block);
  kept[r] = vec4f(pair.d, pair.m);
}

/// Keeps x of a block, and returns its sum.
fn load_x(at: u32) -> f32 {
  let lo = x[at];
  let hi = x[at + 4];
  kept[X_LO] = lo * PLACES_LO;
  kept[X_HI] = hi * PLACES_HI;
  let of_lane = lo.x + lo.y + lo.z + lo.w + hi.x + hi.y + hi.z + hi.w;
  let of_two = of_lane + quadSwapX(of_lane);
  return of_two + quadSwapY(of_two);
}

/// The sum of a block's codes times x.
fn product(block: u32, lane: u32) -> f32 {
  let codes = load_turned(block, lane);
  let q0 = raw8(codes, 0);
  var sum = kept[X_LO].x * q0.lo.x + kept[X_LO].y * q0.lo.y + kept[X_LO].z * q0.lo.z + kept[X_LO].w * q0.lo.w
    + kept[X_HI].x * q0.hi.x + kept[X_HI].y * q0.hi.y + kept[X_HI].z * q0.hi.z + kept[X_HI].w * q0.hi.w;
  let q1 = raw8(codes, 1);
  sum = sum
    + quadSwapX(kept[X_LO].x) * q1.lo.x + quadSwapX(kept[X_LO].y) * q1.lo.y
    + quadSwapX(kept[X_LO].z) * q1.lo.z + quadSwapX(kept[X_LO].w) * q1.lo.w
    + quadSwapX(kept[X_HI].x) * q1.hi.x + quadSwapX(kept[X_HI].y) * q1.hi.y
    + quadSwapX(kept[X_HI].z) * q1.hi.z + quadSwapX(kept[X_HI].w) * q1.hi.w;
  let q2 = raw8(codes, 2);
  sum = sum
    + quadSwapY(kept[X_LO].x) * q2.lo.x + quadSwapY(kept[X_LO].y) * q2.lo.y
    + quadSwapY(kept[X_LO].z) * q2.lo.z + quadSwapY(kept[X_LO].w) * q2.lo.w
    + quadSwapY(kept[X_HI].x) * q2.hi.x + quadSwapY(kept[X_HI].y) * q2.hi.y
    + quadSwapY(kept[X_HI].z) * q2.hi.z + quadSwapY(kept[X_HI].w) * q2.hi.w;
  let q3 = raw8(codes, 3);
  sum = sum
    + quadSwapDiagonal(kept[X_LO].x) * q3.lo.x + quadSwapDiagonal(kept[X_LO].y) * q3.lo.y
    + quadSwapDiagonal(kept[X_LO].z) * q3.lo.z + quadSwapDiagonal(kept[X_LO].w) * q3.lo.w
    + quadSwapDiagonal(kept[X_HI].x) * q3.hi.x + quadSwapDiagonal(kept[X_HI].y) * q3.hi.y
    + quadSwapDiagonal(kept[X_HI].z) * q3.hi.z + quadSwapDiagonal(kept[X_HI].w) * q3.hi.w;
  return sum;
}

/// Adds block `which`, 0 or 1, of the two.
fn add_block(w_at: u32, x_at: u32, which: u32, lane: u32) {
  let x_sum = load_x(x_at);
  kept[SUMS].x += kept[0][which] * product(w_at, lane) + kept[0][which + 2] * x_sum;
  kept[SUMS + 1].x += kept[1][which] * product(w_at + BLOCKS, lane) + kept[1][which + 2] * x_sum;
}

@compute @workgroup_size(THREADS)
fn matvec_quad(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let lane = local & 3;
  let row = (group.x * THREADS + local) * TILE_ROWS;
  let x_row = group.y * (COLS / 4) + lane;
  for (var block = 0u; block < BLOCKS; block += STEP) {
    // Rows past the end are whatever is there, and not stored.
    let w_at = row * BLOCKS + block;
    let x_at = x_row + block * 8;
    keep_affine(0, w_at);
    keep_affine(1, w_at + BLOCKS);
    add_block(w_at, x_at, 0, lane);
    if (PAIRED && (BLOCKS % 2 == 0 || block + 1 < BLOCKS)) { add_block(w_at + 1, x_at + 8, 1, lane); }
  }
  for (var r = 0u; r < TILE_ROWS; r++) {
    if (row + r < ROWS) {
      let at = group.y * Y_STRIDE + Y_FIRST + row + r;
      if (ACCUMULATE) { y[at] += kept[SUMS + r].x; } else { y[at] = kept[SUMS + r].x; }
    }
  }
}
