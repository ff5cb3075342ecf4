/**
 * Turns the pairs of every head's first `rope_dim` dimensions, neighbours (0, 1), (2, 3) … or halves, i and
 * rope_dim / 2 + i, as complex numbers, by angle
 * position * theta^(-2i / rope_dim) (Su et al. 2021), in f64.
 * @param x `[tokens, heads, head_dim]`
 */
export function rope(
  x: Float32Array,
  positions: Uint32Array,
  shape: {
    heads: number;
    head_dim: number;
    rope_dim: number;
    theta: number;
    style?: 'neighbours' | 'halves';
  },
): Float64Array {
  const { heads, head_dim, rope_dim, theta, style = 'neighbours' } = shape;
  const y = Float64Array.from(x);
  for (const [token, position] of positions.entries()) {
    for (let head = 0; head < heads; head++) {
      for (let i = 0; i < rope_dim / 2; i++) {
        const angle = position * theta ** ((-2 * i) / rope_dim);
        const first = (token * heads + head) * head_dim;
        const [at, other] =
          style === 'halves'
            ? [first + i, first + i + rope_dim / 2]
            : [first + 2 * i, first + 2 * i + 1];
        const [re, im] = [x[at]!, x[other]!];
        y[at] = re * Math.cos(angle) - im * Math.sin(angle);
        y[other] = re * Math.sin(angle) + im * Math.cos(angle);
      }
    }
  }
  return y;
}
