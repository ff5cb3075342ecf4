// The likeliest of every STRIDE-th token, beginning with each of the first STRIDE: in any order their k-th is no
// likelier than the k-th of all. Also empties the list that `keep_likely` fills.
override COUNT: u32;    // logits
override STRIDE: u32;

struct Candidate { id: u32, logit: f32 }
@group(0) @binding(0) var<storage, read> logits: array<f32>;           // [COUNT]
@group(0) @binding(1) var<storage, read_write> best: array<Candidate>; // [STRIDE]
@group(0) @binding(2) var<storage, read_write> list: array<Candidate>; // [STRIDE]
@group(0) @binding(3) var<storage, read_write> listed: array<u32>;     // [1]

const NOBODY = Candidate(0xffffffff, -0x1.fffffep+127);

@compute @workgroup_size(64)
fn strided_max(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= STRIDE) { return; }
  var candidate = NOBODY;
  for (var i = id.x; i < COUNT; i += STRIDE) {
    if (logits[i] > candidate.logit) { candidate = Candidate(i, logits[i]); }
  }
  best[id.x] = candidate;
  list[id.x] = NOBODY;
  if (id.x == 0) { listed[0] = 0; }
}
