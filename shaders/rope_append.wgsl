// Rotary position embedding (Su et al. 2021), and the cache: turns the queries in place, and stores the turned keys
// and the values in the cache's pages. Which dimensions turn together is a matter of how the rows of the query and key
// matrices are laid out: neighbours, (0, 1), (2, 3) ..., or halves, i and ROPE_DIM / 2 + i.
override HEADS: u32;           // num_attention_heads
override KV_HEADS: u32;        // num_key_value_heads
override HEAD_DIM: u32;
override ROPE_DIM: u32;        // the first ROPE_DIM dimensions of a head turn, the others stay
override HALVES: bool = false;
override PAGE: u32;            // positions in a page of the cache
override MAX_PAGES: u32;       // pages that one sequence may have

struct Token { position: u32, sequence: u32 }
@group(0) @binding(0) var<storage, read> tokens: array<Token>;        // [tokens]
@group(0) @binding(1) var<storage, read> page_table: array<u32>;      // [sequences, MAX_PAGES]
@group(0) @binding(2) var<storage, read> turns: array<vec2f>;         // [tokens, ROPE_DIM / 2] cosine and sine
@group(0) @binding(3) var<storage, read_write> qkv: array<f32>;       // [tokens, HEADS + 2 KV_HEADS, HEAD_DIM]
@group(0) @binding(4) var<storage, read_write> k_cache: array<f32>;   // [pages, PAGE, KV_HEADS, CACHE_DIM]
@group(0) @binding(5) var<storage, read_write> v_cache: array<f32>;   // [pages, PAGE, KV_HEADS, CACHE_DIM]

override CACHE_DIM = (HEAD_DIM + 3) / 4 * 4;

@compute @workgroup_size(64)
fn rope_append(@builtin(global_invocation_id) id: vec3u) {
  let pairs = (HEAD_DIM + 1) / 2;
  let heads = HEADS + 2 * KV_HEADS;
  if (id.x >= heads * pairs) { return; }
  let head = id.x / pairs;
  let pair = id.x % pairs;
  let turns_here = pair < ROPE_DIM / 2;
  // The pair's two dimensions.
  var first = 2 * pair;
  var second = first + 1;
  if (HALVES && turns_here) {
    first = pair;
    second = pair + ROPE_DIM / 2;
  }
  let at = (id.y * heads + head) * HEAD_DIM;
  // The last dimension of an odd head is alone; its partner is a place of the cache that holds zero.
  let is_pair = second < HEAD_DIM;
  var v = vec2f(qkv[at + first], 0);
  if (is_pair) { v.y = qkv[at + second]; }
  if (head < HEADS + KV_HEADS && turns_here) {
    let turn = turns[id.y * (ROPE_DIM / 2) + pair];
    v = vec2f(v.x * turn.x - v.y * turn.y, v.x * turn.y + v.y * turn.x);
  }
  if (head < HEADS) {
    qkv[at + first] = v.x;
    if (is_pair) { qkv[at + second] = v.y; }
    return;
  }
  let token = tokens[id.y];
  let page = page_table[token.sequence * MAX_PAGES + token.position / PAGE];
  let kv_head = (head - HEADS) % KV_HEADS;
  let to = ((page * PAGE + token.position % PAGE) * KV_HEADS + kv_head) * CACHE_DIM;
  if (head < HEADS + KV_HEADS) {
    k_cache[to + first] = v.x;
    k_cache[to + second] = v.y;
  } else {
    v_cache[to + first] = v.x;
    v_cache[to + second] = v.y;
  }
}
