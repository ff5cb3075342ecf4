// Y = X W^T (or Y += X W^T) for many tokens: a workgroup makes a tile of 64 rows by 64 tokens, 32 columns at a
// time from workgroup memory; an invocation keeps 4 x 4 sums.
override ROWS: u32;           // out_features
override COLS: u32;           // in_features, a multiple of 32
override Y_STRIDE: u32;       // floats from one token's output to the next
override ACCUMULATE: bool;    // add to y: the residual connection

struct Pass { tokens: u32 }
@group(0) @binding(0) var<uniform> pass_: Pass;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [tokens, COLS / 4]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;   // [tokens, Y_STRIDE]

const TILE = 64u;
const SIDE = 16u;             // invocations along each side of the tile
const QUADS = 8u;             // vec4s in 32 columns
var<workgroup> w_tile: array<vec4f, QUADS * TILE>;   // [QUADS][row]
var<workgroup> x_tile: array<vec4f, QUADS * TILE>;   // [QUADS][token]

@compute @workgroup_size(SIDE * SIDE)
fn matmul(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let first_row = group.x * TILE;
  let first_token = group.y * TILE;
  let my_row = local % SIDE;
  let my_token = local / SIDE;
  var sums = mat4x4f();       // sums[t][r]: token my_token + 16 t, row my_row + 16 r
  for (var block = 0u; block < COLS / 32; block++) {
    let row = local / UNITS_PER_BLOCK;
    let i = local % UNITS_PER_BLOCK;
    if (first_row + row < ROWS) {
      let w = weights8(load_block((first_row + row) * (COLS / 32) + block), i);
      w_tile[i * TILE + row] = w.lo;
      w_tile[(i + 4) * TILE + row] = w.hi;
    }
    for (var j = local; j < QUADS * TILE; j += SIDE * SIDE) {
      let token = j / QUADS;
      let quad = j % QUADS;
      if (first_token + token < pass_.tokens) {
        x_tile[quad * TILE + token] = x[(first_token + token) * (COLS / 4) + block * QUADS + quad];
      }
    }
    workgroupBarrier();
    for (var quad = 0u; quad < QUADS; quad++) {
      let at_row = quad * TILE + my_row;
      let w0 = w_tile[at_row];
      let w1 = w_tile[at_row + SIDE];
      let w2 = w_tile[at_row + 2 * SIDE];
      let w3 = w_tile[at_row + 3 * SIDE];
      for (var t = 0u; t < 4; t++) {
        let xs = x_tile[quad * TILE + my_token + t * SIDE];
        sums[t] += vec4f(dot(w0, xs), dot(w1, xs), dot(w2, xs), dot(w3, xs));
      }
    }
    workgroupBarrier();
  }
  for (var t = 0u; t < 4; t++) {
    let token = first_token + my_token + t * SIDE;
    for (var r = 0u; r < 4; r++) {
      let row = first_row + my_row + r * SIDE;
      if (token < pass_.tokens && row < ROWS) {
        let at = token * Y_STRIDE + row;
        if (ACCUMULATE) { y[at] += sums[t][r]; } else { y[at] = sums[t][r]; }
      }
    }
  }
}
