// gate = silu(gate) * up, the gated linear unit's middle (Shazeer 2020); silu(x) = x / (1 + exp(-x)).
override WIDTH: u32;   // intermediate_size, a multiple of 4

struct Pass { tokens: u32 }
@group(0) @binding(0) var<uniform> pass_: Pass;
@group(0) @binding(1) var<storage, read_write> gate: array<vec4f>;   // [tokens, WIDTH / 4]
@group(0) @binding(2) var<storage, read> up: array<vec4f>;           // [tokens, WIDTH / 4]

@compute @workgroup_size(64)
fn silu_mul(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= WIDTH / 4 || id.y >= pass_.tokens) { return; }
  let at = id.y * (WIDTH / 4) + id.x;
  let x = gate[at];
  // Beyond 88, exp leaves f32, and WGSL does not promise an infinity there; the result is nothing by then.
  gate[at] = x / (1.0 + exp(min(-x, vec4f(88)))) * up[at];
}
