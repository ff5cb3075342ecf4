// y[t] = SCALE W[ids[t]], or y[t] += W[ids[t]]: rows of a stored matrix as f32. One invocation decodes eight values.
override COLS: u32;                  // values in a row, a multiple of 32
override SCALE: f32 = 1;
override ACCUMULATE: bool = false;

@group(0) @binding(0) var<storage, read> ids: array<u32>;         // [tokens] row of W for each token
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;   // [tokens, COLS / 4]

@compute @workgroup_size(64)
fn gather_rows(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let token = group.y;
  let unit = group.x * 64 + local;
  if (unit >= COLS / 8) { return; }
  let block = unit / UNITS_PER_BLOCK;
  let i = unit % UNITS_PER_BLOCK;
  let values = weights8(load_block(ids[token] * (COLS / 32) + block), i);
  let at = token * (COLS / 4) + block * 8 + i;
  if (ACCUMULATE) {
    y[at] += values.lo;
    y[at + 4] += values.hi;
  } else {
    y[at] = SCALE * values.lo;
    y[at + 4] = SCALE * values.hi;
  }
}
