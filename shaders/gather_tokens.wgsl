// Rows of x of the tokens that an expert takes, one behind the other.
override WIDTH: u32;    // values of a row, a multiple of 4

struct ExpertPass { tokens: u32, expert: u32, first: u32 }
@group(0) @binding(0) var<uniform> pass_: ExpertPass;
@group(0) @binding(1) var<storage, read> listed: array<u32>;      // [experts, tokens] from pass_.first on: the expert's
@group(0) @binding(2) var<storage, read> x: array<vec4f>;         // [tokens, WIDTH / 4]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;   // [pass_.tokens, WIDTH / 4]

@compute @workgroup_size(64)
fn gather_tokens(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= WIDTH / 4 || id.y >= pass_.tokens) { return; }
  let token = listed[pass_.first + id.y];
  y[id.y * (WIDTH / 4) + id.x] = x[token * (WIDTH / 4) + id.x];
}
