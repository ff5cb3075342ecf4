// Multiplies and adds in registers, eight chains of four that do not wait for one another: what arithmetic can give.
@group(0) @binding(0) var<storage, read_write> found: array<f32>;   // [1] written in no case that occurs

const ROUNDS = 128u;   // of 8 chains * 4 components = 32 multiplications with an addition

@compute @workgroup_size(256)
fn fma_rate(@builtin(global_invocation_id) id: vec3u) {
  // Every chain goes to 2; the compiler cannot know.
  let factor = vec4f(0.5 + 1e-9 * f32(id.x));
  var a = vec4f(1) + factor;
  var b = vec4f(2) + factor;
  var c = vec4f(3) + factor;
  var d = vec4f(4) + factor;
  var e = vec4f(5) + factor;
  var f = vec4f(6) + factor;
  var g = vec4f(7) + factor;
  var h = vec4f(8) + factor;
  for (var round = 0u; round < ROUNDS; round++) {
    a = fma(a, factor, vec4f(1));
    b = fma(b, factor, vec4f(1));
    c = fma(c, factor, vec4f(1));
    d = fma(d, factor, vec4f(1));
    e = fma(e, factor, vec4f(1));
    f = fma(f, factor, vec4f(1));
    g = fma(g, factor, vec4f(1));
    h = fma(h, factor, vec4f(1));
  }
  let sum = dot(a + b + c + d + e + f + g + h, vec4f(1));
  if (sum < 0) { found[0] = sum; }
}
