// The softmax's denominator has one more term for each head, of a score that belongs to no key: an attention sink
// (Xiao et al. 2024; learned as in gpt-oss).
@group(1) @binding(0) var<storage, read> sinks: array<f32>;   // [HEADS]

/// The denominators of four rows, relative to their largest scores.
fn denominators(of_keys: vec4f, largest: vec4f, heads: vec4u) -> vec4f {
  let scores = vec4f(sinks[heads.x], sinks[heads.y], sinks[heads.z], sinks[heads.w]);
  // Beyond 80 the keys' share is nothing, and exp would leave f32.
  return of_keys + exp(min(scores - largest, vec4f(80)));
}
