import { expect, test } from 'vitest';
import { ropeTurns } from '../../../src/engine/rope.ts';
import { plainRope } from '../../../src/model/config.ts';

test('position 0 does not turn', () => {
  const turns = ropeTurns(plainRope(8, 10_000, 'halves'), Uint32Array.of(0), 1);
  expect([...turns]).toEqual([1, 0, 1, 0, 1, 0, 1, 0]);
});

test('pair i turns by the position times theta^(-2i / dim)', () => {
  const turns = ropeTurns(plainRope(4, 10_000, 'halves'), Uint32Array.of(3, 500), 1000);
  const angles = [3, 0.03, 500, 5];
  expect(turns).toEqual(Float32Array.from(angles.flatMap((a) => [Math.cos(a), Math.sin(a)])));
});

test('factors slow pairs down, other ones where the context may be long, and another factor makes all longer', () => {
  const rope = {
    ...plainRope(4, 10_000, 'halves'),
    factors: [1, 10],
    long: { beyond: 600, factors: [3, 2] },
    attention_factor: 0.5,
  };
  const halves = (angles: number[]) =>
    Float32Array.from(angles.flatMap((a) => [Math.cos(a) / 2, Math.sin(a) / 2]));
  expect(ropeTurns(rope, Uint32Array.of(3, 500), 600)).toEqual(halves([3, 0.003, 500, 0.5]));
  expect(ropeTurns(rope, Uint32Array.of(3, 500), 601)).toEqual(halves([1, 0.015, 500 / 3, 2.5]));
});

test.each([
  [64, 1e4],
  [64, 1e5],
  [128, 5e5],
  [80, 1e6],
])(
  '%i dimensions at theta %d are right to the last bit of f32, also far out',
  (rope_dim, theta) => {
    const positions = [1, 2, 1023, 8191, 131071];
    const rope = plainRope(rope_dim, theta, 'neighbours');
    const turns = ropeTurns(rope, Uint32Array.from(positions), 131_072);
    for (const [token, position] of positions.entries()) {
      for (let pair = 0; pair < rope_dim / 2; pair++) {
        const at = token * rope_dim + 2 * pair;
        const [cosine, sine] = turned(position, rope_dim, theta, pair);
        // Half a unit in the last place of 1, and what the angle of 131,071 itself has lost in f64.
        expect(Math.abs(turns[at]! - cosine)).toBeLessThan(2 ** -25 + 1e-9);
        expect(Math.abs(turns[at + 1]! - sine)).toBeLessThan(2 ** -25 + 1e-9);
      }
    }
  },
);

/** One small turn, squared and multiplied as a complex number: no large angle is ever taken. */
function turned(position: number, rope_dim: number, theta: number, pair: number): [number, number] {
  const angle = Math.exp(((-2 * pair) / rope_dim) * Math.log(theta));
  let result: [number, number] = [1, 0];
  let power: [number, number] = [Math.cos(angle), Math.sin(angle)];
  for (let left = position; left > 0; left >>= 1) {
    if (left & 1) result = product(result, power);
    power = product(power, power);
  }
  return result;
}

function product([a, b]: [number, number], [c, d]: [number, number]): [number, number] {
  return [a * c - b * d, a * d + b * c];
}
