/// Entry n of the grid: eight levels of two bits, or four of four.
fn grid_entry(n: u32) -> u32 {
  return sixteen_of(GRID[n >> 1], n);
}

/// Four levels of two bits, the first half of an entry or the second, a byte each.
fn pair_levels(entry: u32, half: u32) -> u32 {
  let x = (entry >> (8 * half)) & 255;
  return (x | (x << 6) | (x << 12) | (x << 18)) & 0x03030303;
}

/// Four levels of four bits, a byte each.
fn nibble_levels(entry: u32) -> u32 {
  return (entry & 15) | ((entry & 0xf0) << 4) | ((entry & 0xf00) << 8) | ((entry & 0xf000) << 12);
}

/// Levels 0, 1, 2 as 8, 25, 43.
fn magnitudes(levels: u32) -> u32 {
  return 0x08080808 + 17 * levels + ((levels >> 1) & 0x01010101);
}

/// Four positive bytes, negative where one of four bits is set.
fn with_signs(bytes: u32, four: u32) -> u32 {
  let signs = ((four & 15) * 0x204081) & 0x01010101;
  return (bytes ^ (255 * signs)) + signs;
}

/// The eighth sign makes the number of negative ones even.
fn even_signs(bits: u32) -> u32 {
  let seven = bits & 127;
  return seven | ((countOneBits(seven) & 1) << 7);
}
