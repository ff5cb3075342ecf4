// Y = X W^T (or Y += X W^T) for many tokens on subgroup matrices: X and W are rounded to f16 on their way into
// workgroup memory, the sums are f32. A workgroup makes a square tile of Y, 32 columns at a time; of its subgroups of
// 32 invocations each makes 32 rows by a quarter of the tile's tokens.
enable chromium_experimental_subgroup_matrix;
enable f16;
enable subgroups;
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

alias Left = subgroup_matrix_left<f16, 16, 16>;
alias Right = subgroup_matrix_right<f16, 16, 16>;
alias Sums = subgroup_matrix_result<f32, 16, 16>;

override TILE = select(64u, 128u, WIDE);    // rows, and tokens
override SUBGROUPS = TILE / 8;
// Of each row of W and token of X, 32 columns are four units of eight halves; a fifth sets the rows' banks apart.
const STRIDE = 5u;
override STEP = 2 * TILE * STRIDE;
var<workgroup> staged: array<vec4u, 2 * STEP>;   // [step % 2][row of W, then token of X][unit]

// f16 ends at 65504, and has fewer than 11 bits below 2^-14. Where the largest value of X or W that a workgroup met
// does not fit, it starts again with X or W multiplied by a power of two.
var<workgroup> largest_bits: array<atomic<u32>, 2>;   // of |x| and |w|: the bits of positive floats keep their order
var<workgroup> fitting: vec2f;

fn fitting_scale(bits: u32) -> f32 {
  let exponent = i32(bits >> 23) - 127;
  // -127 is zero, 128 an infinity or no number: no scale mends those, and other tokens keep theirs.
  let as_it_is = exponent == -127 || exponent == 128 || (exponent >= -10 && exponent < 15);
  return select(ldexp(1.0, min(10 - exponent, 126)), 1, as_it_is);
}

fn largest_of(v: Eight) -> f32 {
  let four = max(abs(v.lo), abs(v.hi));
  return max(max(four.x, four.y), max(four.z, four.w));
}

fn halves(v: Eight, scale: f32) -> vec4u {
  return vec4u(bitcast<vec2u>(vec4<f16>(v.lo * scale)), bitcast<vec2u>(vec4<f16>(v.hi * scale)));
}

// Rows and tokens past the end repeat the last one, and are not stored.
fn w_block(row: u32, block: u32) -> Block {
  return load_block(min(row, ROWS - 1) * (COLS / 32) + block);
}

fn x_unit(token: u32, block: u32, i: u32) -> Eight {
  let at = min(token, pass_.tokens - 1) * (COLS / 4) + block * 8 + i;
  return Eight(x[at], x[at + 4]);
}

@diagnostic(off, chromium.subgroup_matrix_uniformity)
@compute @workgroup_size(TILE * UNITS_PER_BLOCK)
fn matmul_subgroup(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_id) subgroup_id: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  // Each invocation stages one unit of one row and of one token.
  let i = local % UNITS_PER_BLOCK;
  let staged_row = local / UNITS_PER_BLOCK;
  let first_row = group.x * TILE;
  let first_token = group.y * TILE;
  if (first_token >= pass_.tokens) { return; }
  // The remainder is the number itself, and shows the compiler that no place in `staged` needs a check.
  let subgroup = subgroup_id % SUBGROUPS;
  let row = subgroup % (TILE / 32) * 32;
  let token = subgroup / (TILE / 32) * (TILE / 4);

  var scales = vec2f(1);    // of X and W
  loop {
    // Dawn (webgpu 0.6.2) sets a variable without an initializer to zero on the first way through the loop only.
    var low0 = Sums();     // tokens 0 to 15 of the subgroup, rows 0 to 15
    var low1 = Sums();     // rows 16 to 31
    var high0 = Sums();    // tokens 16 to 31, if WIDE
    var high1 = Sums();
    var largest = vec2f();
    var w_next = w_block(first_row + staged_row, 0);
    var x_next = x_unit(first_token + staged_row, 0, i);
    for (var block = 0u; block < COLS / 32; block++) {
      // While some subgroups still multiply the last step, others fill the memory of the step before it.
      let step = block % 2 * STEP;
      let w = weights8(w_next, i);
      largest = max(largest, vec2f(largest_of(x_next), largest_of(w)));
      staged[step + staged_row * STRIDE + i] = halves(w, scales.y);
      staged[step + (TILE + staged_row) * STRIDE + i] = halves(x_next, scales.x);
      workgroupBarrier();
      let next = min(block + 1, COLS / 32 - 1);
      w_next = w_block(first_row + staged_row, next);
      x_next = x_unit(first_token + staged_row, next, i);

      let w_at = step + row * STRIDE;
      let x_at = step + (TILE + token) * STRIDE;
      let w00 = subgroupMatrixLoad<Right, col_major>(&staged, w_at, STRIDE);
      let w01 = subgroupMatrixLoad<Right, col_major>(&staged, w_at + 16 * STRIDE, STRIDE);
      let x00 = subgroupMatrixLoad<Left, row_major>(&staged, x_at, STRIDE);
      low0 = subgroupMatrixMultiplyAccumulate(x00, w00, low0);
      low1 = subgroupMatrixMultiplyAccumulate(x00, w01, low1);
      let w10 = subgroupMatrixLoad<Right, col_major>(&staged, w_at + 2, STRIDE);
      let w11 = subgroupMatrixLoad<Right, col_major>(&staged, w_at + 16 * STRIDE + 2, STRIDE);
      let x10 = subgroupMatrixLoad<Left, row_major>(&staged, x_at + 2, STRIDE);
      low0 = subgroupMatrixMultiplyAccumulate(x10, w10, low0);
      low1 = subgroupMatrixMultiplyAccumulate(x10, w11, low1);
      if (WIDE) {
        let x01 = subgroupMatrixLoad<Left, row_major>(&staged, x_at + 16 * STRIDE, STRIDE);
        high0 = subgroupMatrixMultiplyAccumulate(x01, w00, high0);
        high1 = subgroupMatrixMultiplyAccumulate(x01, w01, high1);
        let x11 = subgroupMatrixLoad<Left, row_major>(&staged, x_at + 16 * STRIDE + 2, STRIDE);
        high0 = subgroupMatrixMultiplyAccumulate(x11, w10, high0);
        high1 = subgroupMatrixMultiplyAccumulate(x11, w11, high1);
      }
    }
    atomicMax(&largest_bits[0], bitcast<u32>(largest.x));
    atomicMax(&largest_bits[1], bitcast<u32>(largest.y));
    workgroupBarrier();
    if (local == 0) {
      fitting = vec2f(
        fitting_scale(atomicLoad(&largest_bits[0])),
        fitting_scale(atomicLoad(&largest_bits[1])),
      );
    }
    let needed = workgroupUniformLoad(&fitting);
    if (all(needed == scales)) {
      store(low0, scales, first_token + token, first_row + row, subgroup, lane);
      store(low1, scales, first_token + token, first_row + row + 16, subgroup, lane);
      if (WIDE) {
        store(high0, scales, first_token + token + 16, first_row + row, subgroup, lane);
        store(high1, scales, first_token + token + 16, first_row + row + 16, subgroup, lane);
      }
      return;
    }
    scales = needed;
  }
}

/// Stores 16 tokens by 16 rows, by way of workgroup memory.
fn store(sums: Sums, scales: vec2f, first_token: u32, first_row: u32, subgroup: u32, lane: u32) {
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&staged, subgroup * 64, sums, 4);
  workgroupBarrier();
  for (var quad = lane; quad < 64; quad += 32) {
    let token = first_token + quad / 4;
    let row = first_row + quad % 4 * 4;
    let four = bitcast<vec4f>(staged[subgroup * 64 + quad]) / scales.x / scales.y;
    for (var r = 0u; r < 4; r++) {
      if (token < pass_.tokens && row + r < ROWS) {
        let at = token * Y_STRIDE + Y_FIRST + row + r;
        if (ACCUMULATE) { y[at] += four[r]; } else { y[at] = four[r]; }
      }
    }
  }
}
