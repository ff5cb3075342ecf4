// The likeliest token of one row of logits; of equals, the one with the lowest id. The first run finds the best of
// every CHUNK logits, the second the best of these, and makes it the next pass's token.
override COUNT: u32;        // what comes in
override FROM_LOGITS: bool; // the first run
override CHUNK: u32;        // logits that one of its workgroups looks at
override THREADS: u32;      // invocations of a workgroup, a power of two

struct Best { id: u32, logit: f32, not_finite: u32, unused: u32 }   // not_finite: how many logits are NaN or infinite
@group(0) @binding(0) var<storage, read> logits: array<f32>;          // [COUNT] read by the first run
@group(0) @binding(1) var<storage, read> found: array<Best>;          // [COUNT] read by the second run
@group(0) @binding(2) var<storage, read_write> best: array<Best>;     // [workgroups]
@group(0) @binding(3) var<storage, read_write> next_id: array<u32>;   // [1] written by the second run

var<workgroup> ids: array<u32, THREADS>;
var<workgroup> values: array<f32, THREADS>;
var<workgroup> bad: array<u32, THREADS>;

@compute @workgroup_size(THREADS)
fn argmax(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = select(0, group.x * CHUNK, FROM_LOGITS);
  let end = select(COUNT, min(COUNT, first + CHUNK), FROM_LOGITS);
  var id = first;
  var value = -0x1.fffffep+127;
  var not_finite = 0u;
  for (var i = first + local; i < end; i += THREADS) {
    var candidate = Best(i, 0, 0, 0);
    if (FROM_LOGITS) {
      candidate.logit = logits[i];
      // By its bits: a compiler may assume that no value is NaN.
      candidate.not_finite = u32((bitcast<u32>(logits[i]) & 0x7f800000) == 0x7f800000);
    } else {
      candidate = found[i];
    }
    not_finite += candidate.not_finite;
    if (candidate.logit > value) {
      id = candidate.id;
      value = candidate.logit;
    }
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
  if (local == 0) {
    best[group.x] = Best(ids[0], values[0], bad[0], 0);
    if (!FROM_LOGITS) { next_id[0] = ids[0]; }
  }
}
