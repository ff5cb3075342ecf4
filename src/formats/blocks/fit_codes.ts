/** A scale, and a minimum of 0 or below: values are about `scale * q + min`. */
export interface Fit {
  readonly scale: number;
  readonly min: number;
}

/** Steps of the search for a grid. */
const STEPS = 24;
/** How far the number of its steps is tried out beside the largest code. */
const LESS = -1.2;
const MORE = 1.2;

/**
 * The scale and the minimum that codes 0 to `most` describe values best with. Grids a little wider and narrower than
 * from the smallest value to the largest are tried; for each, the codes that it gives decide on scale and minimum by
 * least squares, where a value counts the more the larger it is.
 */
export function fitAffine(values: Float32Array, most: number): Fit {
  const least = Math.min(0, ...values);
  const range = Math.max(0, ...values) - least;
  if (range === 0) return { scale: 0, min: 0 };
  const weights = weightsOf(values);
  return bestOf(
    (step) => {
      const inverse = (most + step) / range;
      const codes = values.map((x) => clamp(Math.round((x - least) * inverse), 0, most));
      return solveAffine(values, weights, codes);
    },
    values,
    weights,
  );
}

/** The same with no minimum, and codes from `-half` to `half - 1`. The scale may be negative. */
export function fitScale(values: Float32Array, half: number): Fit {
  const furthest = values.reduce((most, x) => (Math.abs(x) > Math.abs(most) ? x : most), 0);
  if (furthest === 0) return { scale: 0, min: 0 };
  const weights = values.map((x) => x * x);
  return bestOf(
    (step) => {
      const inverse = -(half + step) / furthest;
      const codes = values.map((x) => clamp(Math.round(x * inverse), -half, half - 1));
      return { codes, fit: { scale: slopeOf(values, weights, codes), min: 0 } };
    },
    values,
    weights,
  );
}

export const clamp = (value: number, least: number, most: number): number =>
  Math.min(most, Math.max(least, value));

interface Trial {
  readonly codes: Float32Array;
  readonly fit: Fit;
}

function bestOf(trial: (step: number) => Trial, values: Float32Array, weights: Float32Array): Fit {
  let best: Fit = { scale: 0, min: 0 };
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i <= STEPS; i++) {
    const { codes, fit } = trial(LESS + ((MORE - LESS) * i) / STEPS);
    const error = values.reduce(
      (sum, x, j) => sum + weights[j]! * (fit.scale * codes[j]! + fit.min - x) ** 2,
      0,
    );
    if (error < least) {
      least = error;
      best = fit;
    }
  }
  return best;
}

/** Weighted least squares for values = scale * codes + min, min not above 0. */
function solveAffine(values: Float32Array, weights: Float32Array, codes: Float32Array): Trial {
  let [w, wq, wqq, wx, wxq] = [0, 0, 0, 0, 0];
  for (const [i, x] of values.entries()) {
    const weight = weights[i]!;
    const q = codes[i]!;
    w += weight;
    wq += weight * q;
    wqq += weight * q * q;
    wx += weight * x;
    wxq += weight * x * q;
  }
  const determinant = w * wqq - wq * wq;
  // All codes are 0: negative values that are much alike.
  if (wqq === 0) return { codes, fit: { scale: 0, min: Math.min(0, wx / w) } };
  const min = determinant > 0 ? (wqq * wx - wq * wxq) / determinant : 0;
  if (determinant <= 0 || min > 0) return { codes, fit: { scale: wxq / wqq, min: 0 } };
  return { codes, fit: { scale: (w * wxq - wq * wx) / determinant, min } };
}

/** Weighted least squares for values = scale * codes. */
function slopeOf(values: Float32Array, weights: Float32Array, codes: Float32Array): number {
  let [wqq, wxq] = [0, 0];
  for (const [i, q] of codes.entries()) {
    wqq += weights[i]! * q * q;
    wxq += weights[i]! * values[i]! * q;
  }
  return wqq > 0 ? wxq / wqq : 0;
}

/** The root of the mean square, and the value's own size. */
function weightsOf(values: Float32Array): Float32Array {
  const rms = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
  return values.map((x) => rms + Math.abs(x));
}
