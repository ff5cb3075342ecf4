/// (d s, -e t) of unit u of eight, from the 16 bytes of scales of Q4_K and Q5_K: d and e, then byte j of the first word is
/// scale j, of the second minimum j; their two highest bits and the nibbles of the third are scale and minimum j + 4.
fn k_affine(words: vec4u, u: u32) -> vec2f {
  let bytes = (words.yzw >> vec3u(8 * (u & 3))) & vec3u(255);
  let first = bytes.xy & vec2u(63);
  let later = vec2u(bytes.z & 15, bytes.z >> 4) | ((bytes.xy >> vec2u(6)) << vec2u(4));
  return unpack2x16float(words.x) * vec2f(select(later, first, u < 4)) * vec2f(1, -1);
}
