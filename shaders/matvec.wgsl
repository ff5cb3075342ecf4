// y = W x (or y += W x), one token at a time: 16 invocations share a row and add up through workgroup memory.
override ROWS: u32;           // out_features
override COLS: u32;           // in_features, a multiple of 32
override Y_STRIDE: u32;       // floats from one token's output to the next
override ACCUMULATE: bool;    // add to y: the residual connection

@group(0) @binding(0) var<storage, read> x: array<vec4f>;       // [tokens, COLS / 4]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;   // [tokens, Y_STRIDE]

const LANES = 16u;              // invocations per row
const ROWS_PER_WORKGROUP = 4u;
var<workgroup> partial: array<f32, LANES * ROWS_PER_WORKGROUP>;

@compute @workgroup_size(LANES * ROWS_PER_WORKGROUP)
fn matvec(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = group.x * ROWS_PER_WORKGROUP + local / LANES;
  let lane = local % LANES;
  let x_row = group.y * (COLS / 4);
  var sum = 0.0;
  if (row < ROWS) {
    for (var unit = lane; unit < COLS / 8; unit += LANES) {
      let block = unit / UNITS_PER_BLOCK;
      let i = unit % UNITS_PER_BLOCK;
      let w = weights8(load_block(row * (COLS / 32) + block), i);
      let at = x_row + block * 8 + i;
      sum += dot(w.lo, x[at]) + dot(w.hi, x[at + 4]);
    }
  }
  partial[local] = sum;
  for (var stride = LANES / 2; stride > 0; stride /= 2) {
    workgroupBarrier();
    if (lane < stride) { partial[local] += partial[local + stride]; }
  }
  if (lane == 0 && row < ROWS) {
    let at = group.y * Y_STRIDE + row;
    if (ACCUMULATE) { y[at] += partial[local]; } else { y[at] = partial[local]; }
  }
}
