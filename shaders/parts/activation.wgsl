// The function between the two halves of a feed-forward network.
override ACTIVATION: u32 = 0;   // 0 silu, 1 gelu, 2 gelu_tanh, 3 relu, 4 clamped_silu

// Of clamped_silu.
const LIMIT = 7.0;
const STEEPNESS = 1.702;

/// x / (1 + exp(-by)). Beyond 88, exp leaves f32, and WGSL does not promise an infinity there; the result is nothing by
/// then.
fn gated_by(x: f32, by: f32) -> f32 {
  return x / (1.0 + exp(min(-by, 88.0)));
}

/// The error function to 1.2e-7 of 1 - |erf| (a Chebyshev fit, Press et al., Numerical Recipes).
fn erf(x: f32) -> f32 {
  let z = abs(x);
  let t = 1.0 / (1.0 + 0.5 * z);
  let fit = t * exp(-z * z - 1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806
    + t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277)))))))));
  return sign(x) * (1.0 - fit);
}

fn activated(x: f32) -> f32 {
  if (ACTIVATION == 1) { return 0.5 * x * (1.0 + erf(x * 0.70710678118654752)); }
  // 0.5 (1 + tanh(u)) is 1 / (1 + exp(-2 u)).
  if (ACTIVATION == 2) { return gated_by(x, 1.5957691216057308 * (x + 0.044715 * x * x * x)); }
  if (ACTIVATION == 3) { return max(x, 0.0); }
  if (ACTIVATION == 4) {
    let low = min(x, LIMIT);
    return gated_by(low, STEEPNESS * low);
  }
  return gated_by(x, x);
}

/// What a gate lets through; gpt-oss keeps what it multiplies within bounds, and adds 1.
fn through_gate(gate: f32, up: f32) -> f32 {
  if (ACTIVATION == 4) { return activated(gate) * (clamp(up, -LIMIT, LIMIT) + 1.0); }
  return activated(gate) * up;
}
