// y = W x (or y += W x), one token at a time: the invocations of a workgroup share the columns of up to four rows
// and add up at the end. Gated, the rows are those of two matrices, gate above up, and y = silu(gate x) * (up x),
// the gated linear unit's middle (Shazeer 2020); silu(x) = x / (1 + exp(-x)).
override ROWS: u32;           // out_features
override COLS: u32;           // in_features, a multiple of 32
override Y_STRIDE: u32;       // floats from one token's output to the next
override Y_FIRST: u32 = 0;    // where the first row's output stands, after what the binding's offset can say
override ACCUMULATE: bool;    // add to y: the residual connection
override GATED: bool;         // ROWS / 2 outputs
override THREADS: u32;        // invocations of a workgroup
override GROUP_ROWS: u32;     // rows of W that a workgroup takes: 1, 2 or 4; not 1 if gated

@group(0) @binding(0) var<storage, read> x: array<vec4f>;       // [tokens, COLS / 4]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;   // [tokens, Y_STRIDE]

/// Row r of the workgroup's rows; past the end the last one again.
fn row_of(group: u32, r: u32) -> u32 {
  if (GATED) {
    let output = min(group * (GROUP_ROWS / 2) + r / 2, ROWS / 2 - 1);
    return output + (r % 2) * (ROWS / 2);
  }
  return min(group * GROUP_ROWS + r, ROWS - 1);
}

/// The product of a block of a row with 32 values of x: `lo` are its first sixteen, `hi` its last, as they stand in
/// the words of codes; `sum` is the sum of all.
fn product(row: u32, block: u32, lo: mat4x4f, hi: mat4x4f, sum: f32) -> f32 {
  let at = row * (COLS / 32) + block;
  let codes = load_turned(at, 0);
  let scale = affine(at);
  let q0 = raw8(codes, 0);
  let q1 = raw8(codes, 1);
  let q2 = raw8(codes, 2);
  let q3 = raw8(codes, 3);
  let products = dot(q0.lo, lo[0]) + dot(q0.hi, hi[0]) + dot(q1.lo, lo[1]) + dot(q1.hi, hi[1])
    + dot(q2.lo, lo[2]) + dot(q2.hi, hi[2]) + dot(q3.lo, lo[3]) + dot(q3.hi, hi[3]);
  return scale.x * products + scale.y * sum;
}

fn store(token: u32, output: u32, outputs: u32, value: f32) {
  if (output >= outputs) { return; }
  let at = token * Y_STRIDE + Y_FIRST + output;
  if (ACCUMULATE) { y[at] += value; } else { y[at] = value; }
}

fn silu(v: f32) -> f32 {
  // Beyond 88, exp leaves f32, and WGSL does not promise an infinity there; the result is nothing by then.
  return v / (1.0 + exp(min(-v, 88.0)));
}

@compute @workgroup_size(THREADS)
fn matvec(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let row0 = row_of(group.x, 0);
  let row1 = row_of(group.x, 1);
  let row2 = row_of(group.x, 2);
  let row3 = row_of(group.x, 3);
  let x_row = group.y * (COLS / 4);
  var sums = vec4f();
  for (var block = local; block < COLS / 32; block += THREADS) {
    let column = block * 8;
    let at = x_row + column;
    let lo = mat4x4f(
      input(at, column), input(at + 1, column + 1), input(at + 2, column + 2), input(at + 3, column + 3),
    );
    let hi = mat4x4f(
      input(at + 4, column + 4), input(at + 5, column + 5), input(at + 6, column + 6), input(at + 7, column + 7),
    );
    let sum = dot(lo * vec4f(1) + hi * vec4f(1), vec4f(1));
    // The codes' places go into x, once for all rows.
    let placed_lo = mat4x4f(lo[0] * PLACES_LO, lo[1] * PLACES_LO, lo[2] * PLACES_LO, lo[3] * PLACES_LO);
    let placed_hi = mat4x4f(hi[0] * PLACES_HI, hi[1] * PLACES_HI, hi[2] * PLACES_HI, hi[3] * PLACES_HI);
    sums.x += product(row0, block, placed_lo, placed_hi, sum);
    if (GROUP_ROWS > 1) { sums.y += product(row1, block, placed_lo, placed_hi, sum); }
    if (GROUP_ROWS > 2) {
      sums.z += product(row2, block, placed_lo, placed_hi, sum);
      sums.w += product(row3, block, placed_lo, placed_hi, sum);
    }
  }
  sums = sum_of_workgroup(sums, local) * input_scale(local);
  if (local != 0) { return; }
  if (GATED) {
    let first = group.x * (GROUP_ROWS / 2);
    store(group.y, first, ROWS / 2, silu(sums.x) * sums.y);
    if (GROUP_ROWS > 2) { store(group.y, first + 1, ROWS / 2, silu(sums.z) * sums.w); }
  } else {
    let first = group.x * GROUP_ROWS;
    store(group.y, first, ROWS, sums.x);
    if (GROUP_ROWS > 1) { store(group.y, first + 1, ROWS, sums.y); }
    if (GROUP_ROWS > 2) {
      store(group.y, first + 2, ROWS, sums.z);
      store(group.y, first + 3, ROWS, sums.w);
    }
  }
}
