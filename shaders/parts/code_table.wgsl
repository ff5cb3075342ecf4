/// For four numbers from 0 to 15, a byte each, their entries in TABLE, a byte each.
fn looked_up(numbers: u32) -> u32 {
  var bytes = 0u;
  for (var shift = 0u; shift < 32; shift += 8) {
    let n = (numbers >> shift) & 15;
    bytes |= ((TABLE[n >> 2] >> (8 * (n & 3))) & 255) << shift;
  }
  return bytes;
}

fn looked_up8(numbers: vec2u) -> vec2u {
  return vec2u(looked_up(numbers.x), looked_up(numbers.y));
}
