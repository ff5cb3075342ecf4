// Which rows of W a matrix-vector kernel takes together, four at a time, and where their outputs go. Gated, the rows
// are those of two matrices, gate above up, and y = activated(gate x) * (up x), the gated linear unit's middle
// (Shazeer 2020).
override ROWS: u32;           // out_features
override Y_STRIDE: u32;       // floats from one token's output to the next
override Y_FIRST: u32 = 0;    // where the first row's output stands, after what the binding's offset can say
override ACCUMULATE: bool;    // add to y: the residual connection
override GATED: bool;         // ROWS / 2 outputs

const GROUP_ROWS = 4u;

struct Pass { tokens: u32 }
@group(0) @binding(0) var<uniform> pass_: Pass;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;   // [tokens, Y_STRIDE]

/// Row r of a group of rows; past the end the last one again.
fn row_of(group: u32, r: u32) -> u32 {
  if (GATED) {
    let output = min(group * (GROUP_ROWS / 2) + r / 2, ROWS / 2 - 1);
    return output + (r % 2) * (ROWS / 2);
  }
  return min(group * GROUP_ROWS + r, ROWS - 1);
}

fn store(token: u32, output: u32, outputs: u32, value: f32) {
  if (output >= outputs) { return; }
  let at = token * Y_STRIDE + Y_FIRST + output;
  if (ACCUMULATE) { y[at] += value; } else { y[at] = value; }
}

/// Stores what the rows of a group came to.
fn store_rows(token: u32, group: u32, products: vec4f) {
  if (GATED) {
    let first = group * (GROUP_ROWS / 2);
    store(token, first, ROWS / 2, through_gate(products.x, products.y));
    store(token, first + 1, ROWS / 2, through_gate(products.z, products.w));
  } else {
    let first = group * GROUP_ROWS;
    for (var r = 0u; r < GROUP_ROWS; r++) { store(token, first + r, ROWS, products[r]); }
  }
}
