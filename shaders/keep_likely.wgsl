// Lists the tokens that are at least as likely as the last of `sorted`, in no order. What does not fit is counted only.
override COUNT: u32;    // logits
override LAST: u32;     // index of the last of `sorted`
override MOST: u32;     // room in the list

struct Candidate { id: u32, logit: f32 }
@group(0) @binding(0) var<storage, read> logits: array<f32>;             // [COUNT]
@group(0) @binding(1) var<storage, read> sorted: array<Candidate>;       // [LAST + 1]
@group(0) @binding(2) var<storage, read_write> list: array<Candidate>;   // [MOST]
@group(0) @binding(3) var<storage, read_write> listed: atomic<u32>;      // how many there are

@compute @workgroup_size(64)
fn keep_likely(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= COUNT || !(logits[id.x] >= sorted[LAST].logit)) { return; }
  let at = atomicAdd(&listed, 1);
  if (at < MOST) { list[at] = Candidate(id.x, logits[id.x]); }
}
