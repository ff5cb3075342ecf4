// Sums over the THREADS invocations of a workgroup, through subgroups of SUBGROUP invocations.
enable subgroups;
override SUBGROUP: u32;
var<workgroup> subgroup_sums: array<vec4f, (THREADS + SUBGROUP - 1) / SUBGROUP>;

/// The sum of every invocation's `value`, in each of them.
fn sum_of_workgroup(value: vec4f, local: u32) -> vec4f {
  let sum = subgroupAdd(value);
  if (THREADS <= SUBGROUP) { return sum; }
  if (local % SUBGROUP == 0) { subgroup_sums[local / SUBGROUP] = sum; }
  workgroupBarrier();
  var total = subgroup_sums[0];
  for (var i = 1u; i < THREADS / SUBGROUP; i++) { total += subgroup_sums[i]; }
  workgroupBarrier();
  return total;
}
