// The middle of a feed-forward network: y = activated(gate) * up where it is gated (Shazeer 2020), else activated(x).
override WIDTH: u32;      // intermediate_size
override GATED: bool;
override Y_STRIDE: u32;   // floats from one token's output to the next

struct Pass { tokens: u32 }
@group(0) @binding(0) var<uniform> pass_: Pass;
@group(0) @binding(1) var<storage, read> x: array<f32>;         // [tokens, 2, WIDTH] gate and up, or [tokens, WIDTH]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;   // [tokens, Y_STRIDE]

@compute @workgroup_size(64)
fn activate(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= WIDTH || id.y >= pass_.tokens) { return; }
  let to = id.y * Y_STRIDE + id.x;
  if (GATED) {
    let gate = id.y * 2 * WIDTH + id.x;
    y[to] = through_gate(x[gate], x[gate + WIDTH]);
  } else {
    y[to] = activated(x[id.y * WIDTH + id.x]);
  }
}
