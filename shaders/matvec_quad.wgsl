// y = W x (or y += W x), one token at a time, for devices whose subgroups are four wide (see matmul_quad):
// an invocation makes one row alone, and the four of a quad load each other's activations.
enable subgroups;

override ROWS: u32;           // out_features
override COLS: u32;           // in_features, a multiple of 32
override Y_STRIDE: u32;       // floats from one token's output to the next
override ACCUMULATE: bool;    // add to y: the residual connection

@group(0) @binding(0) var<storage, read> x: array<vec4f>;       // [tokens, COLS / 4]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;   // [tokens, Y_STRIDE]

const THREADS = 32u;

@compute @workgroup_size(THREADS)
fn matvec_quad(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = group.x * THREADS + local;
  let first = min(row, ROWS - 1) * (COLS / 32);
  let lane = local & 3;
  let x_row = group.y * (COLS / 4);
  var sum = 0.0;
  for (var block = 0u; block < COLS / 32; block++) {
    let lo = x[x_row + block * 8 + lane];
    let hi = x[x_row + block * 8 + 4 + lane];
    let row_block = load_block(first + block);
    let w0 = weights8(row_block, 0);
    sum += dot(w0.lo, quadBroadcast(lo, 0)) + dot(w0.hi, quadBroadcast(hi, 0));
    let w1 = weights8(row_block, 1);
    sum += dot(w1.lo, quadBroadcast(lo, 1)) + dot(w1.hi, quadBroadcast(hi, 1));
    let w2 = weights8(row_block, 2);
    sum += dot(w2.lo, quadBroadcast(lo, 2)) + dot(w2.hi, quadBroadcast(hi, 2));
    let w3 = weights8(row_block, 3);
    sum += dot(w3.lo, quadBroadcast(lo, 3)) + dot(w3.hi, quadBroadcast(hi, 3));
  }
  if (row < ROWS) {
    let at = group.y * Y_STRIDE + row;
    if (ACCUMULATE) { y[at] += sum; } else { y[at] = sum; }
  }
}
