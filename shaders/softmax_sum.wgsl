// The denominator of the softmax of one row of logits at a temperature: the largest logit and
// sum(exp((logit - largest) / temperature)). The first run sums every CHUNK logits, the second adds these sums up, each
// as much as its largest is worth.
override COUNT: u32;        // what comes in
override FROM_LOGITS: bool; // the first run
override CHUNK: u32;        // logits that one of its workgroups looks at
override THREADS: u32;      // invocations of a workgroup, a power of two

struct Sampling { temperature: f32 }
struct Sum { largest: f32, total: f32, not_finite: u32, unused: u32 }   // not_finite: how many logits are NaN or infinite
@group(0) @binding(0) var<uniform> sampling: Sampling;
@group(0) @binding(1) var<storage, read> logits: array<f32>;        // [COUNT] read by the first run
@group(0) @binding(2) var<storage, read> found: array<Sum>;         // [COUNT] read by the second run
@group(0) @binding(3) var<storage, read_write> sums: array<Sum>;    // [workgroups]

var<workgroup> partial: array<f32, THREADS>;
var<workgroup> bad: array<u32, THREADS>;

fn term(i: u32) -> Sum {
  if (!FROM_LOGITS) { return found[i]; }
  // By its bits: a compiler may assume that no value is NaN.
  return Sum(logits[i], 1, u32((bitcast<u32>(logits[i]) & 0x7f800000) == 0x7f800000), 0);
}

@compute @workgroup_size(THREADS)
fn softmax_sum(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = select(0, group.x * CHUNK, FROM_LOGITS);
  let end = select(COUNT, min(COUNT, first + CHUNK), FROM_LOGITS);
  var largest = -0x1.fffffep+127;
  var not_finite = 0u;
  for (var i = first + local; i < end; i += THREADS) {
    let one = term(i);
    not_finite += one.not_finite;
    largest = max(largest, one.largest);
  }
  partial[local] = largest;
  bad[local] = not_finite;
  for (var stride = THREADS / 2; stride > 0; stride /= 2) {
    workgroupBarrier();
    if (local < stride) {
      partial[local] = max(partial[local], partial[local + stride]);
      bad[local] += bad[local + stride];
    }
  }
  workgroupBarrier();
  largest = partial[0];
  workgroupBarrier();
  var total = 0.0;
  for (var i = first + local; i < end; i += THREADS) {
    let one = term(i);
    total += one.total * exp((one.largest - largest) / sampling.temperature);
  }
  partial[local] = total;
  for (var stride = THREADS / 2; stride > 0; stride /= 2) {
    workgroupBarrier();
    if (local < stride) { partial[local] += partial[local + stride]; }
  }
  if (local == 0) { sums[group.x] = Sum(largest, partial[0], bad[0], 0); }
}
