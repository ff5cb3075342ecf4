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

const KEYS = 256u;          // keys per step: one per invocation
const MOST_QUADS = 64u;     // of a head
const NEVER = -3.0e38;      // below every score, and still finite: exp(NEVER - NEVER) is not NaN

var<workgroup> query: array<vec4f, MOST_QUADS>;
var<workgroup> new_key: array<vec4f, MOST_QUADS>;
var<workgroup> new_value: array<vec4f, MOST_QUADS>;
var<workgroup> weights: array<f32, KEYS>;       // [key] exp(score - maximum)
var<workgroup> places: array<u32, KEYS>;        // [key] where the key lies in the cache
var<workgroup> partial: array<f32, KEYS>;
var<workgroup> partial_sums: array<vec4f, KEYS>;

/// Two neighbouring dimensions, pair `pair` of a head, after RoPE.
fn turned(token: u32, v: vec2f, pair: u32) -> vec2f {
  if (2 * pair >= ROPE_DIM) { return v; }
  let turn = turns[token * (ROPE_DIM / 2) + pair];
  return vec2f(v.x * turn.x - v.y * turn.y, v.x * turn.y + v.y * turn.x);
}

fn maximum_of_all(value: f32, local: u32) -> f32 {
  partial[local] = value;
  for (var stride = KEYS / 2; stride > 0; stride /= 2) {
    workgroupBarrier();
    if (local < stride) { partial[local] = max(partial[local], partial[local + stride]); }
  }
  workgroupBarrier();
  let result = partial[0];
  workgroupBarrier();
  return result;
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
  let last_place = place_of(sequence, last, kv_head);

  if (local < quads) {
    let pair = 2 * local;
    let q = row + head * (HEAD_DIM / 2) + pair;
    query[local] = SCALE * vec4f(turned(token, qkv[q], pair), turned(token, qkv[q + 1], pair + 1));
    let k = row + (HEADS + kv_head) * (HEAD_DIM / 2) + pair;
    new_key[local] = vec4f(turned(token, qkv[k], pair), turned(token, qkv[k + 1], pair + 1));
    let v = k + KV_HEADS * (HEAD_DIM / 2);
    new_value[local] = vec4f(qkv[v], qkv[v + 1]);
    if (head % (HEADS / KV_HEADS) == 0) {
      k_cache[last_place + local] = new_key[local];
      v_cache[last_place + local] = new_value[local];
    }
  }
  workgroupBarrier();

  // Values are summed by one invocation for each quad of dimensions and each of `parts` shares of the keys.
  let parts = KEYS / quads;
  let quad = local % quads;
  let part = local / quads;
  var maximum = NEVER;
  var total = 0.0;                        // this invocation's part of the softmax's denominator
  var sums = vec4f();
  for (var first = 0u; first <= last; first += KEYS) {
    let position = first + local;
    var score = NEVER;
    var place = 0u;
    if (position < last) {
      place = place_of(sequence, position, kv_head);
      var products = vec4f();
      for (var d = 0u; d < quads; d++) { products += query[d] * k_cache[place + d]; }
      score = dot(products, vec4f(1));
    } else if (position == last) {
      var products = vec4f();
      for (var d = 0u; d < quads; d++) { products += query[d] * new_key[d]; }
      score = dot(products, vec4f(1));
    }
    let higher = max(maximum, maximum_of_all(score, local));
    let shrink = exp(maximum - higher);
    maximum = higher;
    let weight = select(0.0, exp(score - maximum), position <= last);
    total = total * shrink + weight;
    weights[local] = weight;
    places[local] = place;
    workgroupBarrier();
    sums *= shrink;
    if (part < parts) {
      let count = min(KEYS, last - first);    // keys of this step that are in the cache
      for (var j = part; j < count; j += parts) { sums += weights[j] * v_cache[places[j] + quad]; }
      if (part == 0 && last - first < KEYS) { sums += weights[last - first] * new_value[quad]; }
    }
    workgroupBarrier();
  }

  partial[local] = total;
  partial_sums[local] = sums;
  for (var stride = KEYS / 2; stride > 0; stride /= 2) {
    workgroupBarrier();
    if (local < stride) { partial[local] += partial[local + stride]; }
  }
  workgroupBarrier();
  if (local < quads) {
    var sum = vec4f();
    for (var p = 0u; p < parts; p++) { sum += partial_sums[p * quads + local]; }
    y[(token * HEADS + head) * quads + local] = sum / partial[0];
  }
}

/// Where a position's keys or values of one head lie in the cache, in quads.
fn place_of(sequence: u32, position: u32, kv_head: u32) -> u32 {
  let page = page_table[sequence * MAX_PAGES + position / PAGE];
  return ((page * PAGE + position % PAGE) * KV_HEADS + kv_head) * (HEAD_DIM / 4);
}
