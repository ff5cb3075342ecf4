// Makes tokens that the context already holds less likely (Keskar et al. 2019): their positive logits are divided by
// the penalty, their negative ones multiplied. The token taken in last joins them, whose id only the GPU may know.
override VOCAB: u32;

@group(0) @binding(0) var<uniform> penalty: f32;
@group(0) @binding(1) var<storage, read> last: u32;                  // the token taken in last
@group(0) @binding(2) var<storage, read_write> seen: array<u32>;     // [VOCAB] 1: the context holds it
@group(0) @binding(3) var<storage, read_write> logits: array<f32>;   // [VOCAB]

@compute @workgroup_size(64)
fn repetition_penalty(@builtin(global_invocation_id) id: vec3u) {
  let token = id.x;
  if (token >= VOCAB) { return; }
  if (token == last) { seen[token] = 1; }
  if (seen[token] == 0) { return; }
  let logit = logits[token];
  logits[token] = select(logit * penalty, logit / penalty, logit > 0);
}
