// The softmax's denominator has a term for each key, and no other.

/// The denominators of four rows, relative to their largest scores.
fn denominators(of_keys: vec4f, largest: vec4f, heads: vec4u) -> vec4f {
  return of_keys;
}
