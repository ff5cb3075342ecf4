// Sums over the THREADS invocations of a workgroup, a power of two, through its memory.
var<workgroup> partial_sums: array<vec4f, THREADS>;

/// The sum of every invocation's `value`, in each of them.
fn sum_of_workgroup(value: vec4f, local: u32) -> vec4f {
  partial_sums[local] = value;
  for (var stride = THREADS / 2; stride > 0; stride /= 2) {
    workgroupBarrier();
    if (local < stride) { partial_sums[local] += partial_sums[local + stride]; }
  }
  workgroupBarrier();
  let total = partial_sums[0];
  workgroupBarrier();
  return total;
}
