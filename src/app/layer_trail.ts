/** Glow that a layer keeps when the pass went through it between two reports. */
const PASSED = 0.7;
/** Milliseconds in which the glow falls to a third: slow enough that fast models shimmer and do not flicker. */
const DECAY_MS = 260;
/** Less than this cannot be seen. */
const DARK = 0.01;

/**
 * How brightly each cell of the layer strip glows: the one on the GPU fully, those behind it less and less.
 * Reports come at most 30 times a second, and a pass may be faster: cells between two reports count as passed.
 */
export class LayerTrail {
  /** One value from 0 to 1 per cell. */
  readonly glow: Float32Array;
  private at: number | null = null;
  private steppedAt: number | null = null;

  constructor(cells: number) {
    this.glow = new Float32Array(cells);
  }

  /** The pass is at this cell now; null: it has ended. */
  move(to: number | null): void {
    const { glow, at } = this;
    if (at !== null && to !== null) {
      for (let cell = at; cell !== to; cell = (cell + 1) % glow.length) {
        glow[cell] = Math.max(glow[cell]!, PASSED);
      }
    }
    if (to !== null) glow[to] = 1;
    this.at = to;
  }

  /**
   * Lets the glow fade to the time `now` (milliseconds).
   * @returns whether anything still changes by itself
   */
  step(now: number): boolean {
    const elapsed = this.steppedAt === null ? 0 : Math.max(0, now - this.steppedAt);
    const keep = Math.exp(-elapsed / DECAY_MS);
    let moving = false;
    this.glow.forEach((value, cell) => {
      if (cell === this.at || value === 0) return;
      const faded = value * keep;
      this.glow[cell] = faded < DARK ? 0 : faded;
      moving = true;
    });
    this.steppedAt = moving ? now : null;
    return moving;
  }

  /** Without a trail, for people who asked for less motion. */
  showOnly(to: number | null): void {
    this.glow.fill(0);
    if (to !== null) this.glow[to] = 1;
    this.at = to;
  }
}

/** The cell of a place in the pass: the embedding first, then the layers, then the head. */
export function cellOf(at: number | 'embedding' | 'head' | null, layers: number): number | null {
  if (at === null) return null;
  if (at === 'embedding') return 0;
  return at === 'head' ? layers + 1 : at + 1;
}

/** The place in words. */
export function placeName(at: number | 'embedding' | 'head' | null): string {
  if (at === null) return 'idle';
  return typeof at === 'number' ? `layer ${at}` : at;
}
