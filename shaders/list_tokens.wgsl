// The tokens that take each expert, in their order, and how many: those for which it counts. An invocation makes the list
// of one expert.
override COUNT: u32;    // experts

struct Pass { tokens: u32 }
/// What makes a pass over an expert's tokens, at a place where a uniform may begin: how many there are, the expert, and
/// where its list begins.
struct ExpertPass { tokens: u32, expert: u32, @size(248) first: u32 }
@group(0) @binding(0) var<uniform> pass_: Pass;
@group(0) @binding(1) var<storage, read> weights: array<f32>;              // [tokens, COUNT]
@group(0) @binding(2) var<storage, read_write> listed: array<u32>;         // [COUNT, tokens]
@group(0) @binding(3) var<storage, read_write> passes: array<ExpertPass>;  // [COUNT]

@compute @workgroup_size(64)
fn list_tokens(@builtin(global_invocation_id) id: vec3u) {
  let expert = id.x;
  if (expert >= COUNT) { return; }
  let first = expert * pass_.tokens;
  var end = first;
  for (var token = 0u; token < pass_.tokens; token++) {
    // By its bits: what is no number counts, too.
    if ((bitcast<u32>(weights[token * COUNT + expert]) & 0x7fffffff) != 0) {
      listed[end] = token;
      end++;
    }
  }
  passes[expert] = ExpertPass(end - first, expert, first);
}
