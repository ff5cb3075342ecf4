// Y = X W^T (or Y += X W^T) for many tokens: a workgroup makes a tile of Y, 16 columns at a time from its memory,
// while it fetches the next 16; an invocation keeps the sums of 8 rows by 8 (or 4) tokens.
override ROWS: u32;             // out_features
override COLS: u32;             // in_features, a multiple of 32
override Y_STRIDE: u32;         // floats from one token's output to the next
override Y_FIRST: u32 = 0;    // where the first row's output stands, after what the binding's offset can say
override ACCUMULATE: bool;      // add to y: the residual connection
override WIDE: bool = false;    // larger tiles: faster where there are enough of them for the whole GPU

struct Pass { tokens: u32 }
@group(0) @binding(0) var<uniform> pass_: Pass;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [tokens, COLS / 4]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;   // [tokens, Y_STRIDE]

override TILE_ROWS = select(64u, 128u, WIDE);
override TILE_TOKENS = TILE_ROWS / 2;
const TOKEN_GROUPS = 8u;                    // invocations along the tile's tokens
override ROW_GROUPS = TILE_ROWS / 8;        // and along its rows
override MY_TOKENS = TILE_TOKENS / TOKEN_GROUPS;
const QUADS = 4u;                           // vec4s in 16 columns
var<workgroup> w_tile: array<vec4f, 4 * QUADS * TILE_ROWS / 4>;   // [column][row / 4]: four rows each
var<workgroup> x_tile: array<vec4f, TILE_TOKENS * QUADS>;         // [token][column / 4]

/// One of the two units that the step takes from a block: its columns 4i to 4i + 3, and 16 columns later as many.
fn unit_of(step: u32, n: u32) -> u32 {
  return step % 2 * 2 + n;
}

/// Quad j % QUADS of the tile's token j / QUADS, in the order in which the units come.
fn x_quad(first_token: u32, j: u32, step: u32) -> vec4f {
  let token = min(first_token + j / QUADS, pass_.tokens - 1);
  return x[token * (COLS / 4) + step / 2 * 8 + unit_of(step, j % 2) + j / 2 % 2 * 4];
}

fn put_weights(column: u32, row: u32, w: vec4f) {
  for (var c = 0u; c < 4; c++) {
    w_tile[(column + c) * (TILE_ROWS / 4) + row / 4][row % 4] = w[c];
  }
}

@compute @workgroup_size(TILE_ROWS)
fn matmul(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let first_row = group.x * TILE_ROWS;
  let first_token = group.y * TILE_TOKENS;
  if (first_token >= pass_.tokens) { return; }
  let row_group = local % ROW_GROUPS;
  let token_group = local / ROW_GROUPS;
  // Rows and tokens past the end repeat the last one, and are not stored.
  let first_block = min(first_row + local, ROWS - 1) * (COLS / 32);

  var low: array<vec4f, 8>;     // [token]: rows 4 row_group to 4 row_group + 3
  var high: array<vec4f, 8>;    // [token]: the same in the tile's other half
  var block = load_block(first_block);
  var x0 = x_quad(first_token, local, 0);
  var x1 = x_quad(first_token, local + TILE_ROWS, 0);
  for (var step = 0u; step < COLS / 16; step++) {
    for (var n = 0u; n < 2; n++) {
      let w = weights8(block, unit_of(step, n));
      put_weights(4 * n, local, w.lo);
      put_weights(8 + 4 * n, local, w.hi);
    }
    x_tile[local] = x0;
    x_tile[local + TILE_ROWS] = x1;
    workgroupBarrier();
    let next = min(step + 1, COLS / 16 - 1);
    block = load_block(first_block + next / 2);
    x0 = x_quad(first_token, local, next);
    x1 = x_quad(first_token, local + TILE_ROWS, next);
    for (var quad = 0u; quad < QUADS; quad++) {
      var xs: array<vec4f, 8>;
      for (var t = 0u; t < MY_TOKENS; t++) { xs[t] = x_tile[(token_group + t * TOKEN_GROUPS) * QUADS + quad]; }
      for (var c = 0u; c < 4; c++) {
        let at = (4 * quad + c) * (TILE_ROWS / 4) + row_group;
        let w_low = w_tile[at];
        let w_high = w_tile[at + ROW_GROUPS];
        for (var t = 0u; t < MY_TOKENS; t++) {
          low[t] = fma(w_low, vec4f(xs[t][c]), low[t]);
          high[t] = fma(w_high, vec4f(xs[t][c]), high[t]);
        }
      }
    }
    workgroupBarrier();
  }
  for (var t = 0u; t < MY_TOKENS; t++) {
    let token = first_token + token_group + t * TOKEN_GROUPS;
    for (var r = 0u; r < 4; r++) {
      store(token, first_row + 4 * row_group + r, low[t][r]);
      store(token, first_row + 4 * (row_group + ROW_GROUPS) + r, high[t][r]);
    }
  }
}

fn store(token: u32, row: u32, sum: f32) {
  if (token < pass_.tokens && row < ROWS) {
    let at = token * Y_STRIDE + Y_FIRST + row;
    if (ACCUMULATE) { y[at] += sum; } else { y[at] = sum; }
  }
}
