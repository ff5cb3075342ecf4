// Draws a token from the likeliest of a vocabulary, likeliest first, as src/engine/sampling.ts does: of these top_k, then
// top_p, then min_p keep some, and u says which. Where they do not reach far enough for these options, the token is
// NOBODY. The token becomes the next pass's. One workgroup.
override COUNT: u32;      // candidates, at most 128
override COMPLETE: bool;  // they are all tokens of the vocabulary
override MOST: u32;       // more than so many were as likely as the last candidate: then they are only some of them

struct Sampling { temperature: f32, u: f32, top_k: u32, top_p: f32, min_p: f32 }
struct Candidate { id: u32, logit: f32 }
struct Result { token: u32, total: f32, not_finite: u32, unused: u32 }   // total: of the whole vocabulary, from softmax_sum
@group(0) @binding(0) var<uniform> sampling: Sampling;
@group(0) @binding(1) var<storage, read> candidates: array<Candidate>;   // [COUNT]
@group(0) @binding(2) var<storage, read> listed: u32;                    // how many tokens were as likely as the last
@group(0) @binding(3) var<storage, read_write> result: Result;
@group(0) @binding(4) var<storage, read_write> next_id: u32;

const THREADS = 128u;
const NOBODY = 0xffffffffu;
var<workgroup> sums: array<f32, THREADS>;     // [i] of the weights up to candidate i
var<workgroup> counts: array<atomic<u32>, 3>;

/// How many invocations say yes; `slot` is another one for each call.
fn count_of(yes: bool, slot: u32) -> u32 {
  if (yes) { atomicAdd(&counts[slot], 1); }
  workgroupBarrier();
  return atomicLoad(&counts[slot]);
}

@compute @workgroup_size(THREADS)
fn draw(@builtin(local_invocation_index) i: u32) {
  let inside = i < COUNT;
  var weight = 0.0;
  if (inside) { weight = exp((candidates[i].logit - candidates[0].logit) / sampling.temperature); }
  sums[i] = weight;
  for (var distance = 1u; distance < THREADS; distance *= 2) {
    workgroupBarrier();
    var sum = sums[i];
    if (i >= distance) { sum += sums[i - distance]; }
    workgroupBarrier();
    sums[i] = sum;
  }
  workgroupBarrier();
  let before = select(0.0, sums[max(i, 1) - 1], i > 0);

  var kept = COUNT;
  var mass = result.total;
  var bounded = COMPLETE;
  // Of how much is top_p a part? The sum of the k likeliest is not known.
  var known = listed <= MOST && (COMPLETE || sampling.top_k <= COUNT || sampling.top_p >= 1);
  if (sampling.top_k > 0 && (sampling.top_k <= COUNT || COMPLETE)) {
    kept = min(sampling.top_k, COUNT);
    mass = sums[kept - 1];
    bounded = true;
  }
  if (sampling.top_p < 1) {
    if (sums[kept - 1] >= sampling.top_p * mass) { bounded = true; }
    kept = count_of(i < kept && before < sampling.top_p * mass, 0);
  }
  if (sampling.min_p > 0) {
    let count = count_of(i < kept && (i == 0 || weight >= sampling.min_p), 1);
    if (count < kept) { bounded = true; }
    kept = count;
  }
  known = known && bounded;
  // The first one whose sum exceeds what u asks for.
  let chosen = min(count_of(i < kept && sums[i] <= sampling.u * sums[kept - 1], 2), kept - 1);
  if (i != 0) { return; }
  let token = candidates[chosen].id;
  result.token = select(NOBODY, token, known);
  next_id = token;
}
