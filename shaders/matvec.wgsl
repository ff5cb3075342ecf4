// y = W x (or y += W x), one token at a time: the invocations of a workgroup share the columns of up to four rows
// and add up at the end. Gated, the rows are those of two matrices, gate above up, and y = silu(gate x) * (up x),
// the gated linear unit's middle (Shazeer 2020); silu(x) = x / (1 + exp(-x)).
override ROWS: u32;           // out_features
override COLS: u32;           // in_features, a multiple of 32
override Y_STRIDE: u32;       // floats from one token's output to the next
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

fn product(row: u32, block: u32, i: u32, lo: vec4f, hi: vec4f, sum: f32) -> f32 {
  let at = row * (COLS / 32) + block;
  let q = codes8(at, i);
  let scale = affine(at);
  return scale.x * (dot(q.lo, lo) + dot(q.hi, hi)) + scale.y * sum;
}

fn store(token: u32, output: u32, outputs: u32, value: f32) {
  if (output >= outputs) { return; }
  let at = token * Y_STRIDE + output;
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
  for (var unit = local; unit < COLS / 8; unit += THREADS) {
    let block = unit / UNITS_PER_BLOCK;
    let i = unit % UNITS_PER_BLOCK;
    let column = block * 8 + i;
    let lo = input(x_row + column, column);
    let hi = input(x_row + column + 4, column + 4);
    let sum = dot(lo, vec4f(1)) + dot(hi, vec4f(1));
    sums.x += product(row0, block, i, lo, hi, sum);
    if (GROUP_ROWS > 1) { sums.y += product(row1, block, i, lo, hi, sum); }
    if (GROUP_ROWS > 2) {
      sums.z += product(row2, block, i, lo, hi, sum);
      sums.w += product(row3, block, i, lo, hi, sum);
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
