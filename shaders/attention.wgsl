// softmax(q k^T / sqrt(head_dim)) v over the cache, causal, in one pass with a running maximum and sum
// (FlashAttention, Dao et al. 2022). A workgroup takes one key/value head and four query rows: a row is a
// (token, query head) pair of that head's group, so four rows are the four components of a vector.
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
@group(0) @binding(4) var<storage, read> k_cache: array<vec4f>;      // [pages, PAGE, KV_HEADS, CACHE_DIM / 4]
@group(0) @binding(5) var<storage, read> v_cache: array<f32>;        // [pages, PAGE, KV_HEADS, CACHE_DIM]
@group(0) @binding(6) var<storage, read_write> y: array<f32>;        // [tokens, Y_STRIDE]

override CACHE_DIM = (HEAD_DIM + 3) / 4 * 4;   // a head's places in the cache; those behind HEAD_DIM hold zeros
const KEYS = 64u;           // keys per step: one per invocation
const MAX_HEAD_DIM = 256u;
const NEVER = -3.0e38;      // below every score, and still finite: exp(NEVER - NEVER) is not NaN

var<workgroup> queries: array<vec4f, MAX_HEAD_DIM>;   // [dimension] the four rows' queries
var<workgroup> weights: array<vec4f, KEYS>;           // [key] exp(score - maximum), then partial results
var<workgroup> places: array<u32, KEYS>;              // [key] where the key lies in the cache

fn maximum_of_all(value: vec4f, local: u32) -> vec4f {
  weights[local] = value;
  for (var stride = KEYS / 2; stride > 0; stride /= 2) {
    workgroupBarrier();
    if (local < stride) { weights[local] = max(weights[local], weights[local + stride]); }
  }
  workgroupBarrier();
  let result = weights[0];
  workgroupBarrier();
  return result;
}

@compute @workgroup_size(KEYS)
fn attention(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
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

  for (var d = local; d < CACHE_DIM; d += KEYS) {
    if (d >= HEAD_DIM) {
      queries[d] = vec4f();
      continue;
    }
    let at = (row_token * (HEADS + 2 * KV_HEADS) + row_head) * HEAD_DIM + d;
    queries[d] = vec4f(qkv[at.x], qkv[at.y], qkv[at.z], qkv[at.w]) * SCALE;
  }
  var maximum = vec4f(NEVER);
  var total = vec4f();                    // this invocation's part of the softmax's denominator
  var sums: array<vec4f, MAX_HEAD_DIM / KEYS>;   // dimensions local, local + 64, ... of the four rows
  workgroupBarrier();

  for (var first = begin / KEYS * KEYS; first < keys; first += KEYS) {
    let position = first + local;
    let visible = (vec4u(position) < limits) & (vec4u(position) >= begins);
    var scores = vec4f(NEVER);
    var place = 0u;
    if (position < keys) {
      place = page_table[sequence * MAX_PAGES + position / PAGE] * PAGE + position % PAGE;
      place = (place * KV_HEADS + kv_head) * CACHE_DIM;
      scores = vec4f();
      for (var d = 0u; d < CACHE_DIM; d += 4) {
        let key = k_cache[(place + d) / 4];
        scores += queries[d] * key.x + queries[d + 1] * key.y + queries[d + 2] * key.z + queries[d + 3] * key.w;
      }
      scores = select(vec4f(NEVER), scored(scores, falls, positions - position), visible);
    }
    let higher = max(maximum, maximum_of_all(scores, local));
    let shrink = exp(maximum - higher);
    maximum = higher;
    let seen = select(vec4f(), exp(scores - maximum), visible);
    total = total * shrink + seen;
    weights[local] = seen;
    places[local] = place;
    workgroupBarrier();
    let count = min(KEYS, keys - first);
    for (var part = 0u; part * KEYS + local < HEAD_DIM; part++) {
      let d = part * KEYS + local;
      var sum = sums[part] * shrink;
      for (var j = 0u; j < count; j++) {
        sum += weights[j] * v_cache[places[j] + d];
      }
      sums[part] = sum;
    }
    workgroupBarrier();
  }

  weights[local] = total;
  for (var stride = KEYS / 2; stride > 0; stride /= 2) {
    workgroupBarrier();
    if (local < stride) { weights[local] += weights[local + stride]; }
  }
  workgroupBarrier();
  let denominator = denominators(weights[0], maximum, row_head);
  for (var part = 0u; part * KEYS + local < HEAD_DIM; part++) {
    let d = part * KEYS + local;
    let result = sums[part] / denominator;
    for (var r = 0u; r < span.rows; r++) {
      y[row_token[r] * Y_STRIDE + row_head[r] * HEAD_DIM + d] = result[r];
    }
  }
}
