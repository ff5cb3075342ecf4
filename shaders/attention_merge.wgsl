// Attention for passes that take one token of each sequence, its second half: adds up what attention_split made of
// the pages, each part as much as its maximum is worth, and divides by the softmax's denominator.
override HEADS: u32;        // num_attention_heads
override HEAD_DIM: u32;     // at most 256
override Y_STRIDE: u32 = HEADS * HEAD_DIM;   // floats from one token's output to the next
override PAGE: u32;         // positions in a page of the cache
override SPLITS: u32;       // workgroups that shared the pages

struct Token { position: u32, sequence: u32 }
@group(0) @binding(0) var<storage, read> tokens: array<Token>;      // [tokens]
@group(0) @binding(1) var<storage, read> parts: array<vec4f>;       // [tokens, HEADS, SPLITS, QUADS]
@group(0) @binding(2) var<storage, read> weights: array<vec2f>;     // [tokens, HEADS, SPLITS] maximum and sum
@group(0) @binding(3) var<storage, read_write> y: array<f32>;       // [tokens, Y_STRIDE]

override QUADS = (HEAD_DIM + 3) / 4;

@compute @workgroup_size(64)
fn attention_merge(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  if (local >= QUADS) { return; }
  let head = group.y * HEADS + group.x;
  let last = tokens[group.y].position;
  let splits = min(SPLITS, last / PAGE - first_seen(vec4u(last)).x / PAGE + 1);
  var maximum = weights[head * SPLITS].x;
  // As many steps for all, so that every load is on its way at once; past the end the last again.
  for (var split = 1u; split < SPLITS; split++) {
    maximum = max(maximum, weights[head * SPLITS + min(split, splits - 1)].x);
  }
  var sum = vec4f();
  var total = 0.0;
  for (var split = 0u; split < SPLITS; split++) {
    let at = head * SPLITS + min(split, splits - 1);
    let worth = select(0, exp(weights[at].x - maximum), split < splits);
    sum += worth * parts[at * QUADS + local];
    total += worth * weights[at].y;
  }
  let result = sum / denominators(vec4f(total), vec4f(maximum), vec4u(group.x)).x;
  let to = group.y * Y_STRIDE + group.x * HEAD_DIM + 4 * local;
  for (var i = 0u; i < 4 && 4 * local + i < HEAD_DIM; i++) { y[to + i] = result[i]; }
}
