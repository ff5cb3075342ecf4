// softmax(q k^T / sqrt(head_dim)) v over the cache, causal, as in attention.wgsl, for devices whose subgroups are four
// wide (see matmul_quad). There a load costs as much as twenty multiply-adds, so each is used often: an invocation makes
// the scores of four keys at once and sums values over four dimensions, and the four of a quad swap what they loaded.
enable subgroups;

override HEADS: u32;        // num_attention_heads
override KV_HEADS: u32;     // num_key_value_heads
override HEAD_DIM: u32;     // at most 256
override SCALE: f32;        // usually 1 / sqrt(head_dim)
override PAGE: u32;         // positions in a page of the cache
override MAX_PAGES: u32;    // pages that one sequence may have
override Y_STRIDE: u32 = HEADS * HEAD_DIM;   // floats from one token's output to the next

struct Token { position: u32, sequence: u32 }
/// Query rows of one sequence: row r is token r / per_group and head r % per_group of the group.
struct Span { first_row: u32, rows: u32 }
@group(0) @binding(0) var<storage, read> spans: array<Span>;         // [workgroups.y] 1 to 4 rows each
@group(0) @binding(1) var<storage, read> tokens: array<Token>;       // [tokens]
@group(0) @binding(2) var<storage, read> page_table: array<u32>;     // [sequences, MAX_PAGES]
@group(0) @binding(3) var<storage, read> qkv: array<f32>;            // [tokens, HEADS + 2 KV_HEADS, HEAD_DIM]
@group(0) @binding(4) var<storage, read> k_cache: array<vec4f>;      // [pages, PAGE, KV_HEADS, QUADS]
@group(0) @binding(5) var<storage, read> v_cache: array<vec4f>;      // [pages, PAGE, KV_HEADS, QUADS]
@group(0) @binding(6) var<storage, read_write> y: array<f32>;        // [tokens, Y_STRIDE]

override QUADS = (HEAD_DIM + 3) / 4;   // of a head in the cache; places behind HEAD_DIM hold zeros
const INVOCATIONS = 16u;
const KEYS = 64u;           // keys per step: four per invocation
const MAX_HEAD_DIM = 256u;
const MOST_QUADS = MAX_HEAD_DIM / 4 / INVOCATIONS;   // quads of dimensions that one invocation sums
const NEVER = -3.0e38;      // below every score, and still finite: exp(NEVER - NEVER) is not NaN

var<workgroup> queries: array<vec4f, MAX_HEAD_DIM>;        // [dimension] the four rows' queries
var<workgroup> weights: array<vec4f, KEYS>;                // [key] exp(score - maximum) of the four rows
var<workgroup> places: array<u32, KEYS>;                   // [key] where the key lies in the cache, in quads
var<workgroup> partial: array<vec4f, INVOCATIONS / 4>;     // [quad of invocations]

/// Components lane, lane ^ 1, lane ^ 2, lane ^ 3: two selections, where indexing is a dozen.
fn turned(v: vec4f, lane: u32) -> vec4f {
  let by_one = select(v, v.yxwz, (lane & 1) != 0);
  return select(by_one, by_one.zwxy, (lane & 2) != 0);
}

/// Adds four dimensions of a key to the scores of the four rows; `qp` is the queries' dimension lane ^ p.
fn add_key(score: vec4f, key: vec4f, q0: vec4f, q1: vec4f, q2: vec4f, q3: vec4f) -> vec4f {
  return score + q0 * key.x + q1 * key.y + q2 * key.z + q3 * key.w;
}

@compute @workgroup_size(INVOCATIONS)
fn attention_quad(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let per_group = HEADS / KV_HEADS;
  let kv_head = group.x;
  let span = spans[group.y];
  let last_row = span.first_row + span.rows - 1;
  let row = min(span.first_row + vec4u(0, 1, 2, 3), vec4u(last_row));   // rows past the end repeat the last
  let row_token = row / per_group;
  let row_head = kv_head * per_group + row % per_group;
  let sequence = tokens[row_token.x].sequence;
  let positions = vec4u(
    tokens[row_token.x].position, tokens[row_token.y].position,
    tokens[row_token.z].position, tokens[row_token.w].position,
  );
  let begins = first_seen(positions);        // keys that each row sees: from here
  let limits = 1 + positions;                // up to here
  let begin = min(min(begins.x, begins.y), min(begins.z, begins.w));
  let keys = max(max(limits.x, limits.y), max(limits.z, limits.w));
  let falls = slopes(row_head);
  let lane = local & 3;

  for (var d = local; d < 4 * QUADS; d += INVOCATIONS) {
    if (d >= HEAD_DIM) {
      queries[d] = vec4f();
      continue;
    }
    let at = (row_token * (HEADS + 2 * KV_HEADS) + row_head) * HEAD_DIM + d;
    queries[d] = vec4f(qkv[at.x], qkv[at.y], qkv[at.z], qkv[at.w]) * SCALE;
  }
  var maximum = vec4f(NEVER);
  var total = vec4f();                       // this invocation's part of the softmax's denominator
  var sums: array<mat4x4f, MOST_QUADS>;      // [quad local, local + 16, ...][row] of values
  workgroupBarrier();

  for (var first = begin / KEYS * KEYS; first < keys; first += KEYS) {
    // Keys past the end are the last one again, with weights of zero.
    let position = first + vec4u(0, 1, 2, 3) * INVOCATIONS + local;
    let known = min(position, vec4u(keys - 1));
    let page = sequence * MAX_PAGES + known / PAGE;
    let pages = vec4u(page_table[page.x], page_table[page.y], page_table[page.z], page_table[page.w]);
    let place = ((pages * PAGE + known % PAGE) * KV_HEADS + kv_head) * QUADS;
    var s0 = vec4f();
    var s1 = vec4f();
    var s2 = vec4f();
    var s3 = vec4f();
    for (var d = 0u; d < QUADS; d++) {
      let q0 = queries[4 * d + lane];
      let q1 = quadSwapX(q0);
      let q2 = quadSwapY(q0);
      let q3 = quadSwapDiagonal(q0);
      s0 = add_key(s0, turned(k_cache[place.x + d], lane), q0, q1, q2, q3);
      s1 = add_key(s1, turned(k_cache[place.y + d], lane), q0, q1, q2, q3);
      s2 = add_key(s2, turned(k_cache[place.z + d], lane), q0, q1, q2, q3);
      s3 = add_key(s3, turned(k_cache[place.w + d], lane), q0, q1, q2, q3);
    }
    let seen0 = (vec4u(position.x) < limits) & (vec4u(position.x) >= begins);
    let seen1 = (vec4u(position.y) < limits) & (vec4u(position.y) >= begins);
    let seen2 = (vec4u(position.z) < limits) & (vec4u(position.z) >= begins);
    let seen3 = (vec4u(position.w) < limits) & (vec4u(position.w) >= begins);
    s0 = select(vec4f(NEVER), scored(s0, falls, positions - position.x), seen0);
    s1 = select(vec4f(NEVER), scored(s1, falls, positions - position.y), seen1);
    s2 = select(vec4f(NEVER), scored(s2, falls, positions - position.z), seen2);
    s3 = select(vec4f(NEVER), scored(s3, falls, positions - position.w), seen3);
    var higher = max(max(s0, s1), max(s2, s3));
    higher = max(higher, quadSwapX(higher));
    higher = max(higher, quadSwapY(higher));
    partial[local / 4] = higher;
    workgroupBarrier();
    higher = max(max(max(partial[0], partial[1]), max(partial[2], partial[3])), maximum);
    let shrink = exp(maximum - higher);
    maximum = higher;
    s0 = select(vec4f(), exp(s0 - maximum), seen0);
    s1 = select(vec4f(), exp(s1 - maximum), seen1);
    s2 = select(vec4f(), exp(s2 - maximum), seen2);
    s3 = select(vec4f(), exp(s3 - maximum), seen3);
    total = total * shrink + s0 + s1 + s2 + s3;
    weights[local] = s0;
    weights[INVOCATIONS + local] = s1;
    weights[2 * INVOCATIONS + local] = s2;
    weights[3 * INVOCATIONS + local] = s3;
    places[local] = place.x;
    places[INVOCATIONS + local] = place.y;
    places[2 * INVOCATIONS + local] = place.z;
    places[3 * INVOCATIONS + local] = place.w;
    workgroupBarrier();
    let count = min(KEYS, keys - first);
    for (var part = 0u; part * INVOCATIONS < QUADS; part++) {
      let quad = min(part * INVOCATIONS + local, QUADS - 1);
      let before = sums[part];
      var sum0 = before[0] * shrink.x;
      var sum1 = before[1] * shrink.y;
      var sum2 = before[2] * shrink.z;
      var sum3 = before[3] * shrink.w;
      // Each of a quad takes four keys, itself first: together they have loaded what all need.
      for (var j = 0u; j < count; j += 4) {
        let w0 = weights[j + lane];
        let at = places[j + lane];
        let v0 = v_cache[at + quad];
        sum0 += w0.x * v0; sum1 += w0.y * v0; sum2 += w0.z * v0; sum3 += w0.w * v0;
        let w1 = quadSwapX(w0);
        let v1 = v_cache[quadSwapX(at) + quad];
        sum0 += w1.x * v1; sum1 += w1.y * v1; sum2 += w1.z * v1; sum3 += w1.w * v1;
        let w2 = quadSwapY(w0);
        let v2 = v_cache[quadSwapY(at) + quad];
        sum0 += w2.x * v2; sum1 += w2.y * v2; sum2 += w2.z * v2; sum3 += w2.w * v2;
        let w3 = quadSwapDiagonal(w0);
        let v3 = v_cache[quadSwapDiagonal(at) + quad];
        sum0 += w3.x * v3; sum1 += w3.y * v3; sum2 += w3.z * v3; sum3 += w3.w * v3;
      }
      sums[part] = mat4x4f(sum0, sum1, sum2, sum3);
    }
    workgroupBarrier();
  }

  total += quadSwapX(total);
  total += quadSwapY(total);
  partial[local / 4] = total;
  workgroupBarrier();
  let of_keys = partial[0] + partial[1] + partial[2] + partial[3];
  let denominator = denominators(of_keys, maximum, row_head);
  for (var part = 0u; part * INVOCATIONS + local < QUADS; part++) {
    let quad = part * INVOCATIONS + local;
    for (var r = 0u; r < span.rows; r++) {
      let result = sums[part][r] / denominator[r];
      let at = row_token[r] * Y_STRIDE + row_head[r] * HEAD_DIM + 4 * quad;
      for (var i = 0u; i < 4 && 4 * quad + i < HEAD_DIM; i++) { y[at + i] = result[i]; }
    }
  }
}
