// Every token's row times its own factor: how much an expert counts for it.
override WIDTH: u32;    // values of a row, a multiple of 4
override COUNT: u32;    // factors of a token, one for each expert

struct Expert { number: u32 }
@group(0) @binding(0) var<uniform> expert: Expert;
@group(0) @binding(1) var<storage, read> weights: array<f32>;     // [tokens, COUNT]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;   // [tokens, WIDTH / 4]

@compute @workgroup_size(64)
fn scale_rows(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= WIDTH / 4) { return; }
  y[id.y * (WIDTH / 4) + id.x] *= weights[id.y * COUNT + expert.number];
}
