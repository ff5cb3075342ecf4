// The likeliest token of one row of logits; of equals, the one with the lowest id. One workgroup.
override VOCAB: u32;

struct Best { id: u32, logit: f32, not_finite: u32 }   // not_finite: how many logits are NaN or infinite
@group(0) @binding(0) var<storage, read> logits: array<f32>;        // [VOCAB]
@group(0) @binding(1) var<storage, read_write> best: Best;

const THREADS = 256u;
var<workgroup> ids: array<u32, THREADS>;
var<workgroup> values: array<f32, THREADS>;
var<workgroup> bad: array<u32, THREADS>;

@compute @workgroup_size(THREADS)
fn argmax(@builtin(local_invocation_index) local: u32) {
  var id = 0u;
  var value = -0x1.fffffep+127;
  var not_finite = 0u;
  for (var i = local; i < VOCAB; i += THREADS) {
    let logit = logits[i];
    // By its bits: a compiler may assume that no value is NaN.
    if ((bitcast<u32>(logit) & 0x7f800000) == 0x7f800000) { not_finite++; }
    if (logit > value) { id = i; value = logit; }
  }
  ids[local] = id;
  values[local] = value;
  bad[local] = not_finite;
  for (var stride = THREADS / 2; stride > 0; stride /= 2) {
    workgroupBarrier();
    if (local < stride) {
      let other = local + stride;
      if (values[other] > values[local] || (values[other] == values[local] && ids[other] < ids[local])) {
        ids[local] = ids[other];
        values[local] = values[other];
      }
      bad[local] += bad[other];
    }
  }
  if (local == 0) { best = Best(ids[0], values[0], bad[0]); }
}
