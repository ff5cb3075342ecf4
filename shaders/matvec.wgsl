// y = W x (or y += W x), one token at a time: the invocations of a workgroup share the columns of a group of four rows
// and add up at the end.
override COLS: u32;           // in_features, a multiple of 32
override THREADS: u32;        // invocations of a workgroup

@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [tokens, COLS / 4]

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

@compute @workgroup_size(THREADS)
fn matvec(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  if (group.y >= pass_.tokens) { return; }
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
    sums += vec4f(
      product(row0, block, placed_lo, placed_hi, sum),
      product(row1, block, placed_lo, placed_hi, sum),
      product(row2, block, placed_lo, placed_hi, sum),
      product(row3, block, placed_lo, placed_hi, sum),
    );
  }
  sums = sum_of_workgroup(sums, local) * input_scale(local);
  if (local == 0) { store_rows(group.y, group.x, sums); }
}
