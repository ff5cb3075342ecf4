// Makes tokens that the context already holds less likely (Keskar et al. 2019): their positive logits are divided
// by the penalty, their negative ones multiplied.
struct Penalty { penalty: f32, count: u32 }
@group(0) @binding(0) var<uniform> settings: Penalty;
@group(0) @binding(1) var<storage, read> ids: array<u32>;              // [count] every id once
@group(0) @binding(2) var<storage, read_write> logits: array<f32>;     // [vocab]

@compute @workgroup_size(64)
fn repetition_penalty(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= settings.count) { return; }
  let at = ids[id.x];
  let logit = logits[at];
  logits[at] = select(logit * settings.penalty, logit / settings.penalty, logit > 0);
}
