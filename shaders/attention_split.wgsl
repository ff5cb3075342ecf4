// Attention for passes that take one token of each sequence, its first half (FlashAttention's running maximum and sum,
// Dao et al. 2022, over several workgroups as in Flash-Decoding, Dao et al. 2023): turns q and k by the token's position,
// stores k and v in the cache, and sums the values of some pages of keys, weighted by exp(q k^T / sqrt(head_dim)). A
// workgroup takes up to four query heads that share keys, and every SPLITS-th page; attention_merge adds up.
override HEADS: u32;        // num_attention_heads
override KV_HEADS: u32;     // num_key_value_heads
override HEAD_DIM: u32;     // even, at most 256
override ROPE_DIM: u32;     // the first ROPE_DIM dimensions of a head turn, the others stay
override HALVES: bool = false;   // which of them turn together: see rope_append
override SCALE: f32;        // usually 1 / sqrt(head_dim)
override PAGE: u32;         // positions in a page of the cache: 64
override MAX_PAGES: u32;    // pages that one sequence may have
override SPLITS: u32;       // workgroups that share the pages

struct Token { position: u32, sequence: u32 }
@group(0) @binding(0) var<storage, read> tokens: array<Token>;             // [tokens]
@group(0) @binding(1) var<storage, read> page_table: array<u32>;           // [sequences, MAX_PAGES]
@group(0) @binding(2) var<storage, read> turns: array<vec2f>;              // [tokens, ROPE_DIM / 2] cosine and sine
@group(0) @binding(3) var<storage, read> qkv: array<vec2f>;                // [tokens, HEADS + 2 KV_HEADS, HEAD_DIM / 2]
@group(0) @binding(4) var<storage, read_write> k_cache: array<vec4f>;      // [pages, PAGE, KV_HEADS, QUADS]
@group(0) @binding(5) var<storage, read_write> v_cache: array<vec4f>;      // [pages, PAGE, KV_HEADS, QUADS]
@group(0) @binding(6) var<storage, read_write> parts: array<vec4f>;        // [tokens, HEADS, SPLITS, QUADS]
@group(0) @binding(7) var<storage, read_write> weights: array<vec2f>;      // [tokens, HEADS, SPLITS] maximum and sum

const THREADS = 256u;
const KEYS = 64u;           // of a page
const LANES = 4u;           // invocations that share a key while scores are made
const MOST_QUADS = 64u;     // of a head
const NEVER = -3.0e38;      // below every score, and still finite: exp(NEVER - NEVER) is not NaN

override QUADS = (HEAD_DIM + 3) / 4;         // of a head in the cache; places behind HEAD_DIM hold zeros
override PAIRS = max(ROPE_DIM / 2, 1);       // that turn
override GROUP = HEADS / KV_HEADS;           // query heads that share keys
override SHARERS = min(GROUP, 4);            // of these, the ones of a workgroup
override TURNS_OF_GROUP = (GROUP + SHARERS - 1) / SHARERS;
override SHARES = THREADS / QUADS;
override SCORE_STEPS = (QUADS + LANES - 1) / LANES;
override VALUE_STEPS = (KEYS + SHARES - 1) / SHARES;

var<workgroup> queries: array<array<vec4f, 4>, MOST_QUADS>;    // [quad][head]
var<workgroup> new_key: array<vec4f, MOST_QUADS>;
var<workgroup> products: array<vec4f, KEYS * LANES>;           // [key][lane] parts of four heads' scores
var<workgroup> scores: array<vec4f, KEYS>;                     // [key] of four heads, then exp(score - maximum)
var<workgroup> eighths: array<vec4f, 8>;                       // of what is reduced over the keys
var<workgroup> sums: array<vec4f, THREADS>;                    // in the end, parts of one head's values

/// Two neighbouring dimensions, pair `pair` of a head, after RoPE.
fn turned(token: u32, v: vec2f, pair: u32) -> vec2f {
  if (2 * pair >= ROPE_DIM) { return v; }
  let turn = turns[token * (ROPE_DIM / 2) + pair];
  return vec2f(v.x * turn.x - v.y * turn.y, v.x * turn.y + v.y * turn.x);
}

/// Dimension d of the head at `at` after RoPE, where the halves turn together.
fn turned_half(token: u32, at: u32, d: u32) -> f32 {
  let v = qkv[at + d / 2][d % 2];
  if (d >= ROPE_DIM) { return v; }
  let pair = d % PAIRS;
  let other = (d + PAIRS) % (2 * PAIRS);
  let turn = turns[token * (ROPE_DIM / 2) + pair];
  return v * turn.x + select(1.0, -1.0, d < other) * qkv[at + other / 2][other % 2] * turn.y;
}

/// Quad `quad` of the head at `at` as it is; zeros behind its end.
fn plain_quad(at: u32, quad: u32) -> vec4f {
  let first = at + 2 * quad;
  if (4 * quad + 2 >= HEAD_DIM) { return vec4f(qkv[first], 0, 0); }
  return vec4f(qkv[first], qkv[first + 1]);
}

fn turned_quad(token: u32, at: u32, quad: u32) -> vec4f {
  if (HALVES) {
    var v = vec4f();
    for (var i = 0u; i < 4 && 4 * quad + i < HEAD_DIM; i++) { v[i] = turned_half(token, at, 4 * quad + i); }
    return v;
  }
  let v = plain_quad(at, quad);
  return vec4f(turned(token, v.xy, 2 * quad), turned(token, v.zw, 2 * quad + 1));
}

/// The largest of the keys' scores, of each head.
fn largest_scores(local: u32) -> vec4f {
  if (local < 8) {
    var largest = scores[local];
    for (var i = 1u; i < 8; i++) { largest = max(largest, scores[8 * i + local]); }
    eighths[local] = largest;
  }
  workgroupBarrier();
  var largest = eighths[0];
  for (var i = 1u; i < 8; i++) { largest = max(largest, eighths[i]); }
  return largest;
}

/// The sum of what the first KEYS invocations have.
fn sum_of_keys(value: vec4f, local: u32) -> vec4f {
  if (local < KEYS) { scores[local] = value; }
  workgroupBarrier();
  if (local < 8) {
    var sum = scores[local];
    for (var i = 1u; i < 8; i++) { sum += scores[8 * i + local]; }
    eighths[local] = sum;
  }
  workgroupBarrier();
  var sum = eighths[0];
  for (var i = 1u; i < 8; i++) { sum += eighths[i]; }
  return sum;
}

/// Stores one head's part: what all invocations have of its values, added up.
fn store_part(values: vec4f, weight: vec2f, at: u32, local: u32) {
  workgroupBarrier();
  sums[local] = values;
  workgroupBarrier();
  if (local < QUADS) {
    var sum = vec4f();
    for (var share = 0u; share < SHARES; share++) { sum += sums[share * QUADS + local]; }
    parts[at * QUADS + local] = sum;
  }
  if (local == 0) { weights[at] = weight; }
}

@compute @workgroup_size(THREADS)
fn attention_split(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let split = group.x % SPLITS;
  let sharers = group.x / SPLITS;
  let kv_head = sharers / TURNS_OF_GROUP;
  let first_of_group = (sharers % TURNS_OF_GROUP) * SHARERS;
  let token = group.y;
  let sequence = tokens[token].sequence;
  let last = tokens[token].position;
  let begin = first_seen(vec4u(last)).x;
  let first_page = begin / PAGE;
  let pages = last / PAGE + 1;
  if (first_page + split >= pages) { return; }
  let row = token * (HEADS + 2 * KV_HEADS) * (HEAD_DIM / 2);
  let own_key = row + (HEADS + kv_head) * (HEAD_DIM / 2);
  let own_value = own_key + KV_HEADS * (HEAD_DIM / 2);

  // The last head again where a group does not fill its workgroups.
  for (var i = local; i < 4 * QUADS; i += THREADS) {
    let head = kv_head * GROUP + min(first_of_group + i % 4, GROUP - 1);
    queries[i / 4][i % 4] = SCALE * turned_quad(token, row + head * (HEAD_DIM / 2), i / 4);
  }
  if (local < QUADS && split == (last / PAGE - first_page) % SPLITS) {
    new_key[local] = turned_quad(token, own_key, local);
    if (first_of_group == 0) {
      let page = page_table[sequence * MAX_PAGES + last / PAGE];
      let place = ((page * PAGE + last % PAGE) * KV_HEADS + kv_head) * QUADS + local;
      k_cache[place] = new_key[local];
      v_cache[place] = plain_quad(own_value, local);
    }
  }
  workgroupBarrier();

  // Values are summed by one invocation for each quad of dimensions and each of SHARES shares of the keys.
  let quad = local % QUADS;
  let share = local / QUADS;
  let new_value = plain_quad(own_value, quad);
  let falls = slopes(vec4u(kv_head * GROUP + first_of_group) + vec4u(0, 1, 2, 3));
  // This invocation's part of four heads' values.
  var values0 = vec4f();
  var values1 = vec4f();
  var values2 = vec4f();
  var values3 = vec4f();
  var maximum = vec4f(NEVER);
  var total = vec4f();          // this invocation's part of the softmax's denominators

  for (var page = first_page + split; page < pages; page += SPLITS) {
    let first = page * PAGE;
    let count = min(KEYS, last + 1 - first);
    let place = page_table[sequence * MAX_PAGES + page] * PAGE * KV_HEADS + kv_head;
    {
      let key = local / LANES;
      let lane = local % LANES;
      // Past the end the last key again, with a weight of zero. The token's own key may not have reached the cache.
      let own = first + key >= last;
      let at = (place + min(key, count - 1) * KV_HEADS) * QUADS;
      var score = vec4f();
      // As many steps for all, so that every load is on its way at once; past the end q is zero.
      for (var i = 0u; i < SCORE_STEPS; i++) {
        let d = i * LANES + lane;
        let k = select(k_cache[at + min(d, QUADS - 1)], new_key[d], own);
        let q = queries[d];
        score += vec4f(dot(q[0], k), dot(q[1], k), dot(q[2], k), dot(q[3], k));
      }
      products[local] = score;
    }
    workgroupBarrier();
    if (local < KEYS) {
      var score = vec4f();
      for (var lane = 0u; lane < LANES; lane++) { score += products[local * LANES + lane]; }
      let visible = local < count && first + local >= begin;
      scores[local] = select(vec4f(NEVER), scored(score, falls, vec4u(last - first - local)), visible);
    }
    workgroupBarrier();
    let higher = max(maximum, largest_scores(local));
    let shrink = exp(maximum - higher);
    maximum = higher;
    total *= shrink;
    if (local < KEYS) {
      let visible = local < count && first + local >= begin;
      let weight = select(vec4f(), exp(scores[local] - maximum), visible);
      scores[local] = weight;
      total += weight;
    }
    workgroupBarrier();
    values0 *= shrink.x;
    values1 *= shrink.y;
    values2 *= shrink.z;
    values3 *= shrink.w;
    if (share < SHARES) {
      for (var i = 0u; i < VALUE_STEPS; i++) {
        let step = i * SHARES + share;
        let key = min(step, count - 1);
        let v = select(v_cache[(place + key * KV_HEADS) * QUADS + quad], new_value, first + key == last);
        let weight = select(vec4f(), scores[key], step == key);
        values0 += weight.x * v;
        values1 += weight.y * v;
        values2 += weight.z * v;
        values3 += weight.w * v;
      }
    }
  }

  workgroupBarrier();
  total = sum_of_keys(total, local);
  let at = (token * HEADS + kv_head * GROUP + first_of_group) * SPLITS + split;
  let heads = GROUP - first_of_group;
  store_part(values0, vec2f(maximum.x, total.x), at, local);
  if (heads > 1) { store_part(values1, vec2f(maximum.y, total.y), at + SPLITS, local); }
  if (heads > 2) { store_part(values2, vec2f(maximum.z, total.z), at + 2 * SPLITS, local); }
  if (heads > 3) { store_part(values3, vec2f(maximum.w, total.w), at + 3 * SPLITS, local); }
}
