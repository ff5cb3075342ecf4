// Attention for passes that take one token of each sequence: turns q and k by the token's position, stores k and v
// in the cache, and computes softmax(q k^T / sqrt(head_dim)) v with a running maximum and sum (FlashAttention, Dao et
// al. 2022). A workgroup takes one query head of one token. Positions before the token come from the cache, its own
// key and value from the projection: several workgroups share them, and only one of these stores them.
override HEADS: u32;        // num_attention_heads
override KV_HEADS: u32;     // num_key_value_heads
override HEAD_DIM: u32;     // a multiple of 4, at most 256
override ROPE_DIM: u32;     // the first ROPE_DIM dimensions of a head turn, the others stay
override SCALE: f32;        // 1 / sqrt(head_dim)
override PAGE: u32;         // positions in a page of the cache
override MAX_PAGES: u32;    // pages that one sequence may have

struct Token { position: u32, sequence: u32 }
@group(0) @binding(0) var<storage, read> tokens: array<Token>;             // [tokens]
@group(0) @binding(1) var<storage, read> page_table: array<u32>;           // [sequences, MAX_PAGES]
@group(0) @binding(2) var<storage, read> turns: array<vec2f>;              // [tokens, ROPE_DIM / 2] cosine and sine
@group(0) @binding(3) var<storage, read> qkv: array<vec2f>;                // [tokens, HEADS + 2 KV_HEADS, HEAD_DIM / 2]
@group(0) @binding(4) var<storage, read_write> k_cache: array<vec4f>;      // [pages, PAGE, KV_HEADS, HEAD_DIM / 4]
@group(0) @binding(5) var<storage, read_write> v_cache: array<vec4f>;      // [pages, PAGE, KV_HEADS, HEAD_DIM / 4]
@group(0) @binding(6) var<storage, read_write> y: array<vec4f>;            // [tokens, HEADS, HEAD_DIM / 4]

const KEYS = 256u;          // keys per step, and invocations
const LANES = 8u;           // invocations that share a key while scores are made: 128 neighbouring bytes at a time
const UNROLL = 4u;          // values that are on their way at once
const MOST_QUADS = 64u;     // of a head
const NEVER = -3.0e38;      // below every score, and still finite: exp(NEVER - NEVER) is not NaN

var<workgroup> query: array<vec4f, MOST_QUADS>;
var<workgroup> new_key: array<vec4f, MOST_QUADS>;
var<workgroup> products: array<f32, KEYS * LANES>;   // [key][lane] parts of a score; in the end parts of the values
var<workgroup> scores: array<f32, KEYS>;             // [key] then exp(score - maximum)
var<workgroup> places: array<u32, KEYS>;             // [key] where the key lies in the cache
var<workgroup> partial: array<f32, KEYS>;

/// Two neighbouring dimensions, pair `pair` of a head, after RoPE.
fn turned(token: u32, v: vec2f, pair: u32) -> vec2f {
  if (2 * pair >= ROPE_DIM) { return v; }
  let turn = turns[token * (ROPE_DIM / 2) + pair];
  return vec2f(v.x * turn.x - v.y * turn.y, v.x * turn.y + v.y * turn.x);
}

/// Where a position's keys or values of one head lie in the cache, in quads.
fn place_of(sequence: u32, position: u32, kv_head: u32) -> u32 {
  let page = page_table[sequence * MAX_PAGES + position / PAGE];
  return ((page * PAGE + position % PAGE) * KV_HEADS + kv_head) * (HEAD_DIM / 4);
}

/// The largest of all scores, in two steps of sixteen.
fn largest_score(local: u32) -> f32 {
  if (local < 16) {
    var largest = scores[local];
    for (var i = 1u; i < 16; i++) { largest = max(largest, scores[i * 16 + local]); }
    partial[local] = largest;
  }
  workgroupBarrier();
  var largest = partial[0];
  for (var i = 1u; i < 16; i++) { largest = max(largest, partial[i]); }
  return largest;
}

@compute @workgroup_size(KEYS)
fn attention_decode(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let head = group.x;
  let token = group.y;
  let kv_head = head / (HEADS / KV_HEADS);
  let sequence = tokens[token].sequence;
  let last = tokens[token].position;
  let quads = HEAD_DIM / 4;
  let row = token * (HEADS + 2 * KV_HEADS) * (HEAD_DIM / 2);
  // Values are summed by one invocation for each quad of dimensions and each of `parts` shares of the keys.
  let parts = KEYS / quads;
  let quad = local % quads;
  let part = local / quads;
  var sums = vec4f();

  let k = row + (HEADS + kv_head) * (HEAD_DIM / 2);
  let v = k + KV_HEADS * (HEAD_DIM / 2);
  if (part == 0) {
    let pair = 2 * quad;
    let q = row + head * (HEAD_DIM / 2) + pair;
    query[quad] = SCALE * vec4f(turned(token, qkv[q], pair), turned(token, qkv[q + 1], pair + 1));
    new_key[quad] = vec4f(turned(token, qkv[k + pair], pair), turned(token, qkv[k + pair + 1], pair + 1));
    sums = vec4f(qkv[v + pair], qkv[v + pair + 1]);
    if (head % (HEADS / KV_HEADS) == 0) {
      let place = place_of(sequence, last, kv_head) + quad;
      k_cache[place] = new_key[quad];
      v_cache[place] = sums;
    }
  }
  workgroupBarrier();

  // The token's own key comes first: its weight is 1 until a larger score is found.
  var own = vec4f();
  for (var d = 0u; d < quads; d++) { own += query[d] * new_key[d]; }
  var maximum = dot(own, vec4f(1));
  var total = select(0.0, 1.0, local == 0);   // this invocation's part of the softmax's denominator

  for (var first = 0u; first < last; first += KEYS) {
    // Past the end the last key again, with a weight of zero.
    let count = min(KEYS, last - first);
    places[local] = place_of(sequence, first + min(local, count - 1), kv_head);
    workgroupBarrier();
    let lane = local % LANES;
    for (var step = 0u; step < LANES; step++) {
      let key = step * (KEYS / LANES) + local / LANES;
      if (step * (KEYS / LANES) < count) {
        var sum = vec4f();
        for (var d = lane; d < quads; d += LANES) { sum += query[d] * k_cache[places[key] + d]; }
        products[key * LANES + lane] = dot(sum, vec4f(1));
      }
    }
    workgroupBarrier();
    var score = 0.0;
    for (var i = 0u; i < LANES; i++) { score += products[local * LANES + i]; }
    score = select(NEVER, score, local < count);
    scores[local] = score;
    workgroupBarrier();
    let higher = max(maximum, largest_score(local));
    let shrink = exp(maximum - higher);
    maximum = higher;
    let weight = select(0.0, exp(score - maximum), local < count);
    total = total * shrink + weight;
    workgroupBarrier();
    scores[local] = weight;
    workgroupBarrier();
    sums *= shrink;
    if (part < parts) {
      for (var j = part; j < count; j += UNROLL * parts) {
        let j1 = min(j + parts, KEYS - 1);
        let j2 = min(j + 2 * parts, KEYS - 1);
        let j3 = min(j + 3 * parts, KEYS - 1);
        let v0 = v_cache[places[j] + quad];
        let v1 = v_cache[places[j1] + quad];
        let v2 = v_cache[places[j2] + quad];
        let v3 = v_cache[places[j3] + quad];
        sums += scores[j] * v0;
        sums += select(0.0, scores[j1], j + parts < KEYS) * v1;
        sums += select(0.0, scores[j2], j + 2 * parts < KEYS) * v2;
        sums += select(0.0, scores[j3], j + 3 * parts < KEYS) * v3;
      }
    }
    workgroupBarrier();
  }

  partial[local] = total;
  for (var i = 0u; i < 4; i++) { products[4 * local + i] = sums[i]; }
  for (var stride = KEYS / 2; stride > 0; stride /= 2) {
    workgroupBarrier();
    if (local < stride) { partial[local] += partial[local + stride]; }
  }
  workgroupBarrier();
  if (local < quads) {
    var sum = vec4f();
    for (var p = 0u; p < parts; p++) {
      let at = 4 * (p * quads + local);
      sum += vec4f(products[at], products[at + 1], products[at + 2], products[at + 3]);
    }
    y[(token * HEADS + head) * quads + local] = sum / partial[0];
  }
}
