// The tokens that take each expert, in their order, and how many: those for which it counts. A workgroup makes the list of
// one expert; its invocations have equal shares of the tokens, side by side.
override COUNT: u32;    // experts

struct Pass { tokens: u32 }
/// What makes a pass over an expert's tokens, at a place where a uniform may begin: how many there are, the expert, and
/// where its list begins.
struct ExpertPass { tokens: u32, expert: u32, @size(248) first: u32 }
@group(0) @binding(0) var<uniform> pass_: Pass;
@group(0) @binding(1) var<storage, read> weights: array<f32>;              // [tokens, COUNT]
@group(0) @binding(2) var<storage, read_write> listed: array<u32>;         // [COUNT, tokens]
@group(0) @binding(3) var<storage, read_write> passes: array<ExpertPass>;  // [COUNT]

const THREADS = 64u;
var<workgroup> counts: array<u32, THREADS>;

/// By its bits: what is no number counts, too.
fn takes(token: u32, expert: u32) -> bool {
  return (bitcast<u32>(weights[token * COUNT + expert]) & 0x7fffffff) != 0;
}

@compute @workgroup_size(THREADS)
fn list_tokens(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let expert = group.x;
  let share = (pass_.tokens + THREADS - 1) / THREADS;
  let begin = min(local * share, pass_.tokens);
  let end = min(begin + share, pass_.tokens);
  var count = 0u;
  for (var token = begin; token < end; token++) { count += u32(takes(token, expert)); }
  counts[local] = count;
  workgroupBarrier();
  var before = 0u;
  for (var i = 0u; i < local; i++) { before += counts[i]; }
  let first = expert * pass_.tokens;
  var at = first + before;
  for (var token = begin; token < end; token++) {
    if (takes(token, expert)) {
      listed[at] = token;
      at++;
    }
  }
  if (local == THREADS - 1) { passes[expert] = ExpertPass(before + count, expert, first); }
}
