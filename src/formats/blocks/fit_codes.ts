/** Values are about `scale * q + min`. */
export interface Fit {
  readonly scale: number;
  /** 0 or below. */
  readonly min: number;
}

/** Grids that are tried: their number of steps beside the largest code, first these. */
const TRIALS = [-1.2, -0.9, -0.6, -0.3, 0, 0.3, 0.6, 0.9, 1.2];
/** Then those so far on either side of the best one yet. */
const CLOSER = [0.15, 0.075];
const NONE: Fit = { scale: 0, min: 0 };

/**
 * The scale and the minimum that codes 0 to `most` describe values best with. Grids a little wider and narrower than
 * from the smallest value to the largest are tried; for each, the codes that it gives decide on scale and minimum by
 * least squares, where a value counts the more the larger it is.
 */
export function fitAffine(values: Float32Array, most: number): Fit {
  let [least, largest, squares] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    least = Math.min(least, x);
    largest = Math.max(largest, x);
    squares += x * x;
  }
  if (largest === least) return NONE;
  const rms = Math.sqrt(squares / values.length);
  const weighted = new WeightedCodes(values, (x) => rms + Math.abs(x));
  return weighted.best((trial) => {
    weighted.round(least, (most + trial) / (largest - least), 0, most);
    return weighted.solve();
  });
}

/** The same with no minimum, codes from `-half` to `half - 1`, and errors relative to values. The scale has a sign. */
export function fitScale(values: Float32Array, half: number): Fit {
  let furthest = 0;
  for (let i = 0; i < values.length; i++) {
    if (Math.abs(values[i]!) > Math.abs(furthest)) furthest = values[i]!;
  }
  if (furthest === 0) return NONE;
  const weighted = new WeightedCodes(values, (x) => x * x);
  return weighted.best((trial) => {
    weighted.round(0, -(half + trial) / furthest, -half, half - 1);
    return weighted.slope();
  });
}

export const clamp = (value: number, least: number, most: number): number =>
  Math.min(most, Math.max(least, value));

/** Weighted sums over values x and their codes q, from which least squares follow. */
class WeightedCodes {
  private readonly values: Float32Array;
  private readonly weights: Float64Array;
  private w = 0;
  private wx = 0;
  private wxx = 0;
  private wq = 0;
  private wqq = 0;
  private wxq = 0;

  constructor(values: Float32Array, weight: (x: number) => number) {
    this.values = values;
    this.weights = new Float64Array(values.length);
    for (let i = 0; i < values.length; i++) {
      const x = values[i]!;
      const w = weight(x);
      this.weights[i] = w;
      this.w += w;
      this.wx += w * x;
      this.wxx += w * x * x;
    }
  }

  /** Takes as codes the nearest to `(x - origin) * inverse`. */
  round(origin: number, inverse: number, least: number, most: number): void {
    const { values, weights } = this;
    let [wq, wqq, wxq] = [0, 0, 0];
    for (let i = 0; i < values.length; i++) {
      const x = values[i]!;
      const q = Math.min(most, Math.max(least, Math.floor((x - origin) * inverse + 0.5)));
      const product = weights[i]! * q;
      wq += product;
      wqq += product * q;
      wxq += product * x;
    }
    this.wq = wq;
    this.wqq = wqq;
    this.wxq = wxq;
  }

  /** The best scale alone. */
  slope(): Fit {
    return { scale: this.wqq > 0 ? this.wxq / this.wqq : 0, min: 0 };
  }

  /** The best scale and minimum. */
  solve(): Fit {
    const { w, wx, wq, wqq, wxq } = this;
    // All codes are 0: negative values that are much alike.
    if (wqq === 0) return { scale: 0, min: Math.min(0, wx / w) };
    const determinant = w * wqq - wq * wq;
    const min = determinant > 0 ? (wqq * wx - wq * wxq) / determinant : 0;
    if (determinant <= 0 || min > 0) return this.slope();
    return { scale: (w * wxq - wq * wx) / determinant, min };
  }

  /** The fit of the trial after which the weighted squares of errors are least. */
  best(fitOf: (trial: number) => Fit): Fit {
    let best = { trial: 0, fit: NONE, error: Number.POSITIVE_INFINITY };
    const attempt = (trial: number) => {
      const fit = fitOf(trial);
      const error = this.errorOf(fit);
      if (error < best.error) best = { trial, fit, error };
    };
    for (const trial of TRIALS) attempt(trial);
    for (const distance of CLOSER) {
      const { trial } = best;
      attempt(trial - distance);
      attempt(trial + distance);
    }
    return best.fit;
  }

  private errorOf({ scale: s, min: m }: Fit): number {
    const squares = s * s * this.wqq + m * m * this.w + this.wxx;
    return squares + 2 * (s * m * this.wq - s * this.wxq - m * this.wx);
  }
}
