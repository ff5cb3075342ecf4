// Rotary position embedding (Su et al. 2021), and the cache: turns the queries in place, and stores the turned keys
// and the values in the cache's pages. GGUF keeps the rows of llama's query and key matrices permuted, so that the
// pairs that turn together are neighbours: (0, 1), (2, 3) ...
override HEADS: u32;        // num_attention_heads
override KV_HEADS: u32;     // num_key_value_heads
override HEAD_DIM: u32;     // a multiple of 4
override ROPE_DIM: u32;     // the first ROPE_DIM dimensions of a head turn, the others stay
override PAGE: u32;         // positions in a page of the cache
override MAX_PAGES: u32;    // pages that one sequence may have

struct Token { position: u32, sequence: u32 }
@group(0) @binding(0) var<storage, read> tokens: array<Token>;          // [tokens]
@group(0) @binding(1) var<storage, read> page_table: array<u32>;        // [sequences, MAX_PAGES]
@group(0) @binding(2) var<storage, read> turns: array<vec2f>;           // [tokens, ROPE_DIM / 2] cosine and sine
@group(0) @binding(3) var<storage, read_write> qkv: array<vec2f>;       // [tokens, HEADS + 2 KV_HEADS, HEAD_DIM / 2]
@group(0) @binding(4) var<storage, read_write> k_cache: array<vec2f>;   // [pages, PAGE, KV_HEADS, HEAD_DIM / 2]
@group(0) @binding(5) var<storage, read_write> v_cache: array<vec2f>;   // [pages, PAGE, KV_HEADS, HEAD_DIM / 2]

@compute @workgroup_size(64)
fn rope_append(@builtin(global_invocation_id) id: vec3u) {
  let pairs = HEAD_DIM / 2;
  let heads = HEADS + 2 * KV_HEADS;
  if (id.x >= heads * pairs) { return; }
  let head = id.x / pairs;
  let pair = id.x % pairs;
  let at = id.y * heads * pairs + id.x;
  var v = qkv[at];
  if (head < HEADS + KV_HEADS && 2 * pair < ROPE_DIM) {
    let turn = turns[id.y * (ROPE_DIM / 2) + pair];
    v = vec2f(v.x * turn.x - v.y * turn.y, v.x * turn.y + v.y * turn.x);
  }
  if (head < HEADS) {
    qkv[at] = v;
    return;
  }
  let token = tokens[id.y];
  let page = page_table[token.sequence * MAX_PAGES + token.position / PAGE];
  let kv_head = (head - HEADS) % KV_HEADS;
  let to = ((page * PAGE + token.position % PAGE) * KV_HEADS + kv_head) * pairs + pair;
  if (head < HEADS + KV_HEADS) { k_cache[to] = v; } else { v_cache[to] = v; }
}
