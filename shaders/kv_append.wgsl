// Stores the pass's keys and values in the cache's pages.
override WIDTH: u32;       // num_key_value_heads * head_dim, a multiple of 4
override PAGE: u32;        // positions in a page
override MAX_PAGES: u32;   // pages that one sequence may have

struct Token { position: u32, sequence: u32 }
@group(0) @binding(0) var<storage, read> tokens: array<Token>;          // [tokens]
@group(0) @binding(1) var<storage, read> page_table: array<u32>;        // [sequences, MAX_PAGES]
@group(0) @binding(2) var<storage, read> k: array<vec4f>;               // [tokens, WIDTH / 4]
@group(0) @binding(3) var<storage, read> v: array<vec4f>;               // [tokens, WIDTH / 4]
@group(0) @binding(4) var<storage, read_write> k_cache: array<vec4f>;   // [pages, PAGE, WIDTH / 4]
@group(0) @binding(5) var<storage, read_write> v_cache: array<vec4f>;   // [pages, PAGE, WIDTH / 4]

@compute @workgroup_size(64)
fn kv_append(@builtin(global_invocation_id) id: vec3u) {
  let quads = WIDTH / 4;
  if (id.x >= quads) { return; }
  let token = tokens[id.y];
  let page = page_table[token.sequence * MAX_PAGES + token.position / PAGE];
  let to = (page * PAGE + token.position % PAGE) * quads + id.x;
  k_cache[to] = k[id.y * quads + id.x];
  v_cache[to] = v[id.y * quads + id.x];
}
