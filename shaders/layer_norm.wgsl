// y = (x - mean(x)) / sqrt(variance(x) + eps) * weight + bias (Ba et al. 2016), or y += that. One workgroup per token.
override HIDDEN: u32;              // places in a row, a multiple of 4
override VALUES: u32 = HIDDEN;     // values in a row; the other places hold zeros
override EPS: f32;
override WEIGHT_OFFSET: f32 = 0;   // what the stored weights lack
override ACCUMULATE: bool = false;
override THREADS: u32;             // invocations of the workgroup, a power of two

@group(0) @binding(0) var<storage, read> x: array<vec4f>;        // [tokens, HIDDEN / 4]
@group(0) @binding(1) var<storage, read> weight: array<vec4f>;   // [HIDDEN / 4], zeros behind VALUES
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;     // [HIDDEN / 4], likewise
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;  // [tokens, HIDDEN / 4]

fn total(quad: vec4f) -> f32 {
  return quad.x + quad.y + quad.z + quad.w;
}

/// Quad i less the mean; zero where there is no value.
fn centred(row: u32, i: u32, mean: f32) -> vec4f {
  return select(vec4f(), x[row + i] - mean, vec4u(4 * i) + vec4u(0, 1, 2, 3) < vec4u(VALUES));
}

@compute @workgroup_size(THREADS)
fn layer_norm(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = group.x * (HIDDEN / 4);
  var sums = vec4f();
  for (var i = local; i < HIDDEN / 4; i += THREADS) { sums += x[row + i]; }
  let mean = total(sum_of_workgroup(sums, local)) / f32(VALUES);
  var squares = vec4f();
  for (var i = local; i < HIDDEN / 4; i += THREADS) {
    let quad = centred(row, i, mean);
    squares += quad * quad;
  }
  let scale = 1.0 / sqrt(total(sum_of_workgroup(squares, local)) / f32(VALUES) + EPS);
  for (var i = local; i < HIDDEN / 4; i += THREADS) {
    let normed = centred(row, i, mean) * scale * (weight[i] + WEIGHT_OFFSET) + bias[i];
    if (ACCUMULATE) { y[row + i] += normed; } else { y[row + i] = normed; }
  }
}
