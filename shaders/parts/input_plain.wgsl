// The input of a matrix-vector product, as it is.

/// Quad `at` of x, which is quad `column` of its row.
fn input(at: u32, column: u32) -> vec4f {
  return x[at];
}

/// What the product has to be multiplied with.
fn input_scale(local: u32) -> f32 {
  return 1;
}
