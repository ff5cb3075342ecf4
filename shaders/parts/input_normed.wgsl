// The input of a matrix-vector product, normed on the way in (Zhang & Sennrich 2019): the weights come in at once,
// and the division by sqrt(mean(x^2) + eps) follows when the row has passed.
override EPS: f32;
override VALUES: u32 = COLS;       // values in a row; the other places hold zeros
override WEIGHT_OFFSET: f32 = 0;   // what the stored weights lack
@group(0) @binding(3) var<storage, read> norm_weight: array<vec4f>;   // [COLS / 4]
var<private> squares = 0.0;

/// Quad `at` of x, which is quad `column` of its row.
fn input(at: u32, column: u32) -> vec4f {
  let quad = x[at];
  squares += dot(quad, quad);
  return quad * (norm_weight[column] + WEIGHT_OFFSET);
}

/// What the product has to be multiplied with.
fn input_scale(local: u32) -> f32 {
  let sum = sum_of_workgroup(vec4f(squares, 0, 0, 0), local).x;
  return 1.0 / sqrt(sum / f32(VALUES) + EPS);
}
