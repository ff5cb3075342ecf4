// Which keys a token sees, and what becomes of a score.
override WINDOW: u32 = 0;      // positions that a token sees, its own among them; 0: all before it
override SOFTCAP: f32 = 0;     // a score s becomes SOFTCAP tanh(s / SOFTCAP); 0: it stays
override ALIBI: bool = false;  // a score falls with the distance, in each head by another slope (Press et al. 2022)

/// The first position that a token at `position` sees.
fn first_seen(position: vec4u) -> vec4u {
  if (WINDOW == 0) { return vec4u(); }
  return max(position + 1, vec4u(WINDOW)) - WINDOW;
}

fn capped(score: vec4f) -> vec4f {
  if (SOFTCAP == 0) { return score; }
  // WGSL's tanh may be off by 1e-5.
  let shrunk = exp(-2 * abs(score) / SOFTCAP);
  return sign(score) * SOFTCAP * (1 - shrunk) / (1 + shrunk);
}

/// Halves from head to head, with so many heads as a power of two has; between these slopes lie those of the others.
fn slope(head: u32) -> f32 {
  let whole = 1u << (31 - countLeadingZeros(HEADS));
  let step = 8.0 / f32(whole);
  if (head < whole) { return exp2(-step * f32(head + 1)); }
  return exp2(-step * (f32(head - whole) + 0.5));
}

fn slopes(heads: vec4u) -> vec4f {
  if (!ALIBI) { return vec4f(); }
  return vec4f(slope(heads.x), slope(heads.y), slope(heads.z), slope(heads.w));
}

/// The scores of a key that four rows have, so far behind each of them.
fn scored(score: vec4f, falls: vec4f, distance: vec4u) -> vec4f {
  if (!ALIBI) { return capped(score); }
  return capped(score) - falls * vec4f(distance);
}
