// The denominator of the softmax of one row of logits at a temperature: the largest logit and
// sum(exp((logit - largest) / temperature)). One workgroup.
override VOCAB: u32;

struct Sampling { temperature: f32 }
struct Sum { largest: f32, total: f32, not_finite: u32 }   // not_finite: how many logits are NaN or infinite
@group(0) @binding(0) var<uniform> sampling: Sampling;
@group(0) @binding(1) var<storage, read> logits: array<f32>;   // [VOCAB]
@group(0) @binding(2) var<storage, read_write> sum: Sum;

const THREADS = 256u;
var<workgroup> partial: array<f32, THREADS>;
var<workgroup> bad: array<u32, THREADS>;

@compute @workgroup_size(THREADS)
fn softmax_sum(@builtin(local_invocation_index) local: u32) {
  var largest = -0x1.fffffep+127;
  var not_finite = 0u;
  for (var i = local; i < VOCAB; i += THREADS) {
    // By its bits: a compiler may assume that no value is NaN.
    if ((bitcast<u32>(logits[i]) & 0x7f800000) == 0x7f800000) { not_finite++; }
    largest = max(largest, logits[i]);
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
  for (var i = local; i < VOCAB; i += THREADS) {
    total += exp((logits[i] - largest) / sampling.temperature);
  }
  partial[local] = total;
  for (var stride = THREADS / 2; stride > 0; stride /= 2) {
    workgroupBarrier();
    if (local < stride) { partial[local] += partial[local + stride]; }
  }
  if (local == 0) { sum = Sum(largest, partial[0], bad[0]); }
}
