// How much each expert counts for a token (Shazeer et al. 2017): softmax over the router's logits, of which the PER_TOKEN
// largest stay; all others count nothing.
override COUNT: u32;         // experts
override PER_TOKEN: u32;     // of these, the ones of a token
override NORMALISED: bool;   // those that stay add up to 1

struct Pass { tokens: u32 }
@group(0) @binding(0) var<uniform> pass_: Pass;
@group(0) @binding(1) var<storage, read> logits: array<f32>;          // [tokens, COUNT]
@group(0) @binding(2) var<storage, read_write> weights: array<f32>;   // [tokens, COUNT]

@compute @workgroup_size(64)
fn route(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= pass_.tokens) { return; }
  let row = id.x * COUNT;
  var largest = logits[row];
  for (var e = 1u; e < COUNT; e++) { largest = max(largest, logits[row + e]); }
  var total = 0.0;
  for (var e = 0u; e < COUNT; e++) {
    total += exp(logits[row + e] - largest);
    weights[row + e] = 0;
  }
  // Each time the largest of those that come after the last one: by value, and among equals by number.
  var chosen = 0.0;
  var last = COUNT;
  for (var i = 0u; i < PER_TOKEN; i++) {
    var best = COUNT;
    for (var e = 0u; e < COUNT; e++) {
      let logit = logits[row + e];
      let after = last == COUNT || logit < logits[row + last] || (logit == logits[row + last] && e > last);
      if (after && (best == COUNT || logit > logits[row + best])) { best = e; }
    }
    // There is none where a logit is no number.
    if (best == COUNT) { break; }
    let weight = exp(logits[row + best] - largest);
    weights[row + best] = weight;
    chosen += weight;
    last = best;
  }
  let denominator = select(total, chosen, NORMALISED);
  for (var e = 0u; e < COUNT; e++) { weights[row + e] /= denominator; }
}
