// y = silu(gate) * up, the gated linear unit's middle (Shazeer 2020); silu(x) = x / (1 + exp(-x)).
override WIDTH: u32;   // intermediate_size, a multiple of 4

struct Pass { tokens: u32 }
@group(0) @binding(0) var<uniform> pass_: Pass;
@group(0) @binding(1) var<storage, read> gate_up: array<vec4f>;   // [tokens, 2, WIDTH / 4]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;   // [tokens, WIDTH / 4]

@compute @workgroup_size(64)
fn silu_mul(@builtin(global_invocation_id) id: vec3u) {
  let quads = WIDTH / 4;
  if (id.x >= quads || id.y >= pass_.tokens) { return; }
  let gate = id.y * 2 * quads + id.x;
  let x = gate_up[gate];
  // Beyond 88, exp leaves f32, and WGSL does not promise an infinity there; the result is nothing by then.
  y[id.y * quads + id.x] = x / (1.0 + exp(min(-x, vec4f(88)))) * gate_up[gate + quads];
}
