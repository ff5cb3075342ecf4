// y = x / sqrt(mean(x^2) + eps) * weight (Zhang & Sennrich 2019), or y += that. One workgroup per token.
override HIDDEN: u32;              // places in a row, a multiple of 4
override VALUES: u32 = HIDDEN;     // values in a row; the other places hold zeros
override EPS: f32;
override WEIGHT_OFFSET: f32 = 0;   // what the stored weights lack
override ACCUMULATE: bool = false;
override THREADS: u32;             // invocations of the workgroup, a power of two

@group(0) @binding(0) var<storage, read> x: array<vec4f>;        // [tokens, HIDDEN / 4]
@group(0) @binding(1) var<storage, read> weight: array<vec4f>;   // [HIDDEN / 4]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;  // [tokens, HIDDEN / 4]

@compute @workgroup_size(THREADS)
fn rms_norm(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = group.x * (HIDDEN / 4);
  var squares = vec4f();
  for (var i = local; i < HIDDEN / 4; i += THREADS) {
    let quad = x[row + i];
    squares += quad * quad;
  }
  let sums = sum_of_workgroup(squares, local);
  let scale = 1.0 / sqrt((sums.x + sums.y + sums.z + sums.w) / f32(VALUES) + EPS);
  for (var i = local; i < HIDDEN / 4; i += THREADS) {
    let normed = x[row + i] * scale * (weight[i] + WEIGHT_OFFSET);
    if (ACCUMULATE) { y[row + i] += normed; } else { y[row + i] = normed; }
  }
}
