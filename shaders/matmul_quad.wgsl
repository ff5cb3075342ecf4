// Y = X W^T (or Y += X W^T) for devices whose subgroups are four wide (a GPU emulated on the CPU's vector unit).
// There a load is four scalar loads and workgroup memory is no faster than any other, so everything stays in
// registers: an invocation keeps 8 rows by 16 tokens, and the four of a quad load each other's activations.
enable subgroups;

override ROWS: u32;           // out_features
override COLS: u32;           // in_features, a multiple of 32
override Y_STRIDE: u32;       // floats from one token's output to the next
override ACCUMULATE: bool;    // add to y: the residual connection

struct Pass { tokens: u32 }
@group(0) @binding(0) var<uniform> pass_: Pass;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [tokens, COLS / 4]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;   // [tokens, Y_STRIDE]

const THREADS = 32u;

/// The four vectors that the invocations of this quad hold, as columns.
fn of_quad(v: vec4f) -> mat4x4f {
  return mat4x4f(
    quadBroadcast(v, 0), quadBroadcast(v, 1), quadBroadcast(v, 2), quadBroadcast(v, 3),
  );
}

/// sums + w * column, with fused multiply-adds.
fn add_column(sums: vec4f, w: mat4x4f, column: vec4f) -> vec4f {
  return fma(w[3], column.wwww, fma(w[2], column.zzzz, fma(w[1], column.yyyy, fma(w[0], column.xxxx, sums))));
}

/// sums + w * x for four rows (the components) and four tokens (the columns).
fn add_product(sums: mat4x4f, w: mat4x4f, x: mat4x4f) -> mat4x4f {
  return mat4x4f(
    add_column(sums[0], w, x[0]), add_column(sums[1], w, x[1]),
    add_column(sums[2], w, x[2]), add_column(sums[3], w, x[3]),
  );
}

fn row_block(row: u32, block: u32) -> Block {
  return load_block(min(row, ROWS - 1) * (COLS / 32) + block);
}

fn store(first_row: u32, first_token: u32, sums: mat4x4f) {
  for (var t = 0u; t < 4; t++) {
    for (var r = 0u; r < 4; r++) {
      if (first_token + t < pass_.tokens && first_row + r < ROWS) {
        let at = (first_token + t) * Y_STRIDE + first_row + r;
        if (ACCUMULATE) { y[at] += sums[t][r]; } else { y[at] = sums[t][r]; }
      }
    }
  }
}

@compute @workgroup_size(THREADS)
fn matmul_quad(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = (group.x * THREADS + local) * 8;
  let token = group.y * 16;
  let lane = local & 3;
  // Rows and tokens past the end repeat the last one, and are not stored.
  let last = pass_.tokens - 1;
  let x0 = min(token + lane, last) * (COLS / 4);
  let x1 = min(token + 4 + lane, last) * (COLS / 4);
  let x2 = min(token + 8 + lane, last) * (COLS / 4);
  let x3 = min(token + 12 + lane, last) * (COLS / 4);

  // a: rows 0..3, b: rows 4..7; 0..3: tokens by fours.
  var a0 = mat4x4f(); var a1 = mat4x4f(); var a2 = mat4x4f(); var a3 = mat4x4f();
  var b0 = mat4x4f(); var b1 = mat4x4f(); var b2 = mat4x4f(); var b3 = mat4x4f();
  for (var block = 0u; block < COLS / 32; block++) {
    let row0 = row_block(row, block);
    let row1 = row_block(row + 1, block);
    let row2 = row_block(row + 2, block);
    let row3 = row_block(row + 3, block);
    let row4 = row_block(row + 4, block);
    let row5 = row_block(row + 5, block);
    let row6 = row_block(row + 6, block);
    let row7 = row_block(row + 7, block);
    for (var i = 0u; i < UNITS_PER_BLOCK; i++) {
      let w0 = weights8(row0, i); let w1 = weights8(row1, i);
      let w2 = weights8(row2, i); let w3 = weights8(row3, i);
      let w4 = weights8(row4, i); let w5 = weights8(row5, i);
      let w6 = weights8(row6, i); let w7 = weights8(row7, i);
      let a_lo = transpose(mat4x4f(w0.lo, w1.lo, w2.lo, w3.lo));
      let a_hi = transpose(mat4x4f(w0.hi, w1.hi, w2.hi, w3.hi));
      let b_lo = transpose(mat4x4f(w4.lo, w5.lo, w6.lo, w7.lo));
      let b_hi = transpose(mat4x4f(w4.hi, w5.hi, w6.hi, w7.hi));
      let at = block * 8 + i;
      let x0_lo = of_quad(x[x0 + at]); let x0_hi = of_quad(x[x0 + at + 4]);
      a0 = add_product(add_product(a0, a_lo, x0_lo), a_hi, x0_hi);
      b0 = add_product(add_product(b0, b_lo, x0_lo), b_hi, x0_hi);
      let x1_lo = of_quad(x[x1 + at]); let x1_hi = of_quad(x[x1 + at + 4]);
      a1 = add_product(add_product(a1, a_lo, x1_lo), a_hi, x1_hi);
      b1 = add_product(add_product(b1, b_lo, x1_lo), b_hi, x1_hi);
      let x2_lo = of_quad(x[x2 + at]); let x2_hi = of_quad(x[x2 + at + 4]);
      a2 = add_product(add_product(a2, a_lo, x2_lo), a_hi, x2_hi);
      b2 = add_product(add_product(b2, b_lo, x2_lo), b_hi, x2_hi);
      let x3_lo = of_quad(x[x3 + at]); let x3_hi = of_quad(x[x3 + at + 4]);
      a3 = add_product(add_product(a3, a_lo, x3_lo), a_hi, x3_hi);
      b3 = add_product(add_product(b3, b_lo, x3_lo), b_hi, x3_hi);
    }
  }
  store(row, token, a0); store(row, token + 4, a1); store(row, token + 8, a2); store(row, token + 12, a3);
  store(row + 4, token, b0); store(row + 4, token + 4, b1);
  store(row + 4, token + 8, b2); store(row + 4, token + 12, b3);
}
