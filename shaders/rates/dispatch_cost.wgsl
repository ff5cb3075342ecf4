// Next to nothing, but each dispatch has to wait for the one before: what a dependent dispatch costs.
@group(0) @binding(0) var<storage, read_write> count: array<u32>;   // [1]

@compute @workgroup_size(1)
fn dispatch_cost() {
  count[0] += 1;
}
