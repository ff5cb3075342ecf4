// Reads a buffer once from end to end, neighbours by neighbours, and does nothing else: what memory can give.
@group(0) @binding(0) var<storage, read> data: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> found: array<u32>;   // [1] written in one of four billion cases

const THREADS = 256u;

@compute @workgroup_size(THREADS)
fn read_rate(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  var mixed = vec4u();
  for (var i = id.x; i < arrayLength(&data); i += groups.x * THREADS) { mixed ^= data[i]; }
  if ((mixed.x ^ mixed.y ^ mixed.z ^ mixed.w) == 0x5eed5eed) { found[0] = 1; }
}
