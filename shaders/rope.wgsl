// Rotary position embedding (Su et al. 2021), in place. GGUF keeps the rows of llama's query and key matrices
// permuted, so that the pairs that turn together are neighbours: (0, 1), (2, 3) ...
override HEADS: u32;
override HEAD_DIM: u32;
override ROPE_DIM: u32;   // the first ROPE_DIM dimensions of a head turn, the others stay

struct Pass { tokens: u32 }
@group(0) @binding(0) var<uniform> pass_: Pass;
@group(0) @binding(1) var<storage, read> turns: array<vec2f>;    // [tokens, ROPE_DIM / 2] cosine and sine
@group(0) @binding(2) var<storage, read_write> x: array<vec2f>;  // [tokens, HEADS, HEAD_DIM / 2]

@compute @workgroup_size(64)
fn rope(@builtin(global_invocation_id) id: vec3u) {
  let pairs = ROPE_DIM / 2;
  let token = id.y;
  if (id.x >= HEADS * pairs || token >= pass_.tokens) { return; }
  let head = id.x / pairs;
  let pair = id.x % pairs;
  let turn = turns[token * pairs + pair];
  let at = (token * HEADS + head) * (HEAD_DIM / 2) + pair;
  let v = x[at];
  x[at] = vec2f(v.x * turn.x - v.y * turn.y, v.x * turn.y + v.y * turn.x);
}
