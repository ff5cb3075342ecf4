// x / sqrt(mean(x^2) + eps) * weight of queries and keys, in place: of each head by itself, or of all query heads
// together and all key heads together. One workgroup per token and norm.
override HEADS: u32;               // num_attention_heads
override KV_HEADS: u32;            // num_key_value_heads
override HEAD_DIM: u32;
override WHOLE: bool;              // all heads together
override EPS: f32;
override WEIGHT_OFFSET: f32 = 0;   // what the stored weights lack
override THREADS: u32;             // invocations of the workgroup, a power of two

@group(0) @binding(0) var<storage, read> weight: array<f32>;      // the query's, then the key's
@group(0) @binding(1) var<storage, read_write> qkv: array<f32>;   // [tokens, HEADS + 2 KV_HEADS, HEAD_DIM]

override QUERIES = select(HEADS, 1, WHOLE);                             // norms of queries
override QUERY_WIDTH = select(HEAD_DIM, HEADS * HEAD_DIM, WHOLE);
override KEY_WIDTH = select(HEAD_DIM, KV_HEADS * HEAD_DIM, WHOLE);

@compute @workgroup_size(THREADS)
fn qk_norm(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let is_key = group.x >= QUERIES;
  let width = select(QUERY_WIDTH, KEY_WIDTH, is_key);
  let weights = select(0u, QUERY_WIDTH, is_key);
  let row = group.y * (HEADS + 2 * KV_HEADS) * HEAD_DIM;
  let first = row + select(group.x * width, HEADS * HEAD_DIM + (group.x - QUERIES) * width, is_key);
  var squares = 0.0;
  for (var i = local; i < width; i += THREADS) { squares += qkv[first + i] * qkv[first + i]; }
  let sum = sum_of_workgroup(vec4f(squares, 0, 0, 0), local).x;
  let scale = 1.0 / sqrt(sum / f32(width) + EPS);
  for (var i = local; i < width; i += THREADS) {
    qkv[first + i] *= scale * (weight[weights + i] + WEIGHT_OFFSET);
  }
}
