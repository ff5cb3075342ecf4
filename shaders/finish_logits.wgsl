// Logits times SCALE, and then, if there is a cap, CAP tanh(logit / CAP), in place.
override COUNT: u32;       // vocab_size
override SCALE: f32;
override CAP: f32;         // 0: none

@group(0) @binding(0) var<storage, read_write> logits: array<f32>;   // [tokens, COUNT]

@compute @workgroup_size(64)
fn finish_logits(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= COUNT) { return; }
  let at = id.y * COUNT + id.x;
  let logit = SCALE * logits[at];
  if (CAP == 0) {
    logits[at] = logit;
    return;
  }
  // WGSL's tanh may be off by 1e-5.
  let shrunk = exp(-2 * abs(logit) / CAP);
  logits[at] = sign(logit) * CAP * (1 - shrunk) / (1 + shrunk);
}
