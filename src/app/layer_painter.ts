/** Draws the layers as thin plates, those that glow pulled out of the stack. Lies down where it is wider than high. */

export interface StripColours {
  readonly plate: string;
  readonly lit: string;
}

/** A plate at rest fills this share of the strip's depth; the one on the GPU all of it. */
const REST = 0.72;
/** Room before the head and behind the embedding, in plates. */
const APART = 0.9;
const GAP_SHARE = 0.32;

/**
 * @param width in CSS pixels, as is `height`
 * @param scale device pixels per CSS pixel
 */
export function paintLayers(
  context: CanvasRenderingContext2D,
  glow: Float32Array,
  { plate, lit }: StripColours,
  width: number,
  height: number,
  scale: number,
): void {
  const upright = height > width;
  const [length, depth] = upright ? [height, width] : [width, height];
  const pitch = length / (glow.length + 2 * APART);
  const thickness = Math.max(1 / scale, pitch * (1 - GAP_SHARE));
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  glow.forEach((value, cell) => {
    const apart = cell === 0 ? 0 : cell === glow.length - 1 ? 2 * APART : APART;
    const start = snap((cell + apart) * pitch, scale);
    const size = snap(thickness, scale);
    const reach = depth * (REST + (1 - REST) * value);
    const draw = (colour: string, alpha: number) => {
      context.globalAlpha = alpha;
      context.fillStyle = colour;
      context.beginPath();
      const radius = Math.min(size / 2, 3);
      if (upright) context.roundRect(0, start, reach, size, radius);
      else context.roundRect(start, depth - reach, size, reach, radius);
      context.fill();
    };
    draw(plate, 1);
    if (value > 0) draw(lit, value);
  });
}

/** To whole device pixels, so that thin plates stay sharp. */
function snap(value: number, scale: number): number {
  return Math.max(1, Math.round(value * scale)) / scale;
}
