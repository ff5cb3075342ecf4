// x += SCALE y: a residual connection that counts more, or less, than what it is added to.
override WIDTH: u32;   // values of a row, a multiple of 4
override SCALE: f32;

@group(0) @binding(0) var<storage, read> y: array<vec4f>;         // [tokens, WIDTH / 4]
@group(0) @binding(1) var<storage, read_write> x: array<vec4f>;   // [tokens, WIDTH / 4]

@compute @workgroup_size(64)
fn add_scaled(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= WIDTH / 4) { return; }
  let at = id.y * (WIDTH / 4) + id.x;
  x[at] += SCALE * y[at];
}
