// Y = X W^T (or Y += X W^T) for devices whose subgroups are four wide: a GPU emulated on the CPU's vector unit, by a
// just-in-time compiler that has sixteen registers, gathers number by number, and never moves a variable between
// registers and memory. So
// - an invocation makes a tile of 4 rows by 16 tokens: what it loads serves many multiplications;
// - the four invocations of a quad have rows of their own, load a token each of four, and hand these round by quad
//   swaps, which are one instruction each, where a broadcast is a dozen;
// - all that outlives a few instructions lies in one array. `store` indexes it by variables, so it stays in memory;
//   as variables the sums would hold the registers that the products need.
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

const THREADS = 16u;
const TILE_ROWS = 4u;
const TILE_TOKENS = 16u;

/// First the sums, a vector for each row and four tokens: component i of lane l is that of token l ^ i. Then eight
/// columns of x, two vectors for each four tokens: lane l has token l.
var<private> kept: array<vec4f, 24>;
const X = 16u;

/// Adds the products of a row and four tokens, x taken from memory where it is used, one number at a time.
fn add_products(sums: u32, w: Eight, lo: u32) {
  let hi = lo + 1;
  kept[sums].x = kept[sums].x
    + kept[lo].x * w.lo.x + kept[lo].y * w.lo.y + kept[lo].z * w.lo.z + kept[lo].w * w.lo.w
    + kept[hi].x * w.hi.x + kept[hi].y * w.hi.y + kept[hi].z * w.hi.z + kept[hi].w * w.hi.w;
  kept[sums].y = kept[sums].y
    + quadSwapX(kept[lo].x) * w.lo.x + quadSwapX(kept[lo].y) * w.lo.y
    + quadSwapX(kept[lo].z) * w.lo.z + quadSwapX(kept[lo].w) * w.lo.w
    + quadSwapX(kept[hi].x) * w.hi.x + quadSwapX(kept[hi].y) * w.hi.y
    + quadSwapX(kept[hi].z) * w.hi.z + quadSwapX(kept[hi].w) * w.hi.w;
  kept[sums].z = kept[sums].z
    + quadSwapY(kept[lo].x) * w.lo.x + quadSwapY(kept[lo].y) * w.lo.y
    + quadSwapY(kept[lo].z) * w.lo.z + quadSwapY(kept[lo].w) * w.lo.w
    + quadSwapY(kept[hi].x) * w.hi.x + quadSwapY(kept[hi].y) * w.hi.y
    + quadSwapY(kept[hi].z) * w.hi.z + quadSwapY(kept[hi].w) * w.hi.w;
  kept[sums].w = kept[sums].w
    + quadSwapDiagonal(kept[lo].x) * w.lo.x + quadSwapDiagonal(kept[lo].y) * w.lo.y
    + quadSwapDiagonal(kept[lo].z) * w.lo.z + quadSwapDiagonal(kept[lo].w) * w.lo.w
    + quadSwapDiagonal(kept[hi].x) * w.hi.x + quadSwapDiagonal(kept[hi].y) * w.hi.y
    + quadSwapDiagonal(kept[hi].z) * w.hi.z + quadSwapDiagonal(kept[hi].w) * w.hi.w;
}

fn add_row(sums: u32, w: Eight) {
  add_products(sums, w, X);
  add_products(sums + 1, w, X + 2);
  add_products(sums + 2, w, X + 4);
  add_products(sums + 3, w, X + 6);
}

fn load_x(to: u32, at: u32) {
  kept[to] = x[at];
  kept[to + 1] = x[at + 4];
}

fn store(row: u32, token: u32, lane: u32) {
  for (var r = 0u; r < TILE_ROWS; r++) {
    for (var t = 0u; t < TILE_TOKENS; t++) {
      let my_token = token + (t ^ lane);
      if (row + r < ROWS && my_token < pass_.tokens) {
        let at = my_token * Y_STRIDE + Y_FIRST + row + r;
        let sum = kept[r * TILE_TOKENS / 4 + t / 4][t % 4];
        if (ACCUMULATE) { y[at] += sum; } else { y[at] = sum; }
      }
    }
  }
}

@compute @workgroup_size(THREADS)
fn matmul_quad(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let lane = local & 3;
  let row = (group.x * THREADS + local) * TILE_ROWS;
  let token = group.y * TILE_TOKENS;
  if (token >= pass_.tokens) { return; }
  // Rows and tokens past the end are whatever is there, and not stored.
  let w_row = row * (COLS / 32);
  let x_row = (token + lane) * (COLS / 4);
  for (var block = 0u; block < COLS / 32; block++) {
    let row0 = load_block(w_row + block);
    let row1 = load_block(w_row + COLS / 32 + block);
    let row2 = load_block(w_row + 2 * (COLS / 32) + block);
    let row3 = load_block(w_row + 3 * (COLS / 32) + block);
    for (var i = 0u; i < UNITS_PER_BLOCK; i++) {
      let at = x_row + block * 8 + i;
      load_x(X, at);
      load_x(X + 2, at + COLS);       // four tokens on
      load_x(X + 4, at + 2 * COLS);
      load_x(X + 6, at + 3 * COLS);
      add_row(0, weights8(row0, i));
      add_row(4, weights8(row1, i));
      add_row(8, weights8(row2, i));
      add_row(12, weights8(row3, i));
    }
  }
  store(row, token, lane);
}
