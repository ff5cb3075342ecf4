// y = bias for every token, or y += bias: what a matrix's product is then added to.
override ROWS: u32;          // out_features
override Y_STRIDE: u32;      // floats from one token's output to the next
override ACCUMULATE: bool;   // add to y: the residual connection

struct Pass { tokens: u32 }
@group(0) @binding(0) var<uniform> pass_: Pass;
@group(0) @binding(1) var<storage, read> bias: array<f32>;      // [ROWS]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;   // [tokens, Y_STRIDE]

@compute @workgroup_size(64)
fn add_bias(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= ROWS || id.y >= pass_.tokens) { return; }
  let at = id.y * Y_STRIDE + id.x;
  y[at] = bias[id.x] + select(0.0, y[at], ACCUMULATE);
}
