import { effect, type ReadonlySignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Residence } from '../worker/protocol.ts';
import { paintLayers, type StripColours } from './layer_painter.ts';
import { cellOf, LayerTrail } from './layer_trail.ts';

/**
 * Keeps a canvas in step with what is on the GPU. Draws only while something moves; never renders or lays out.
 * @param residence every report
 * @param figures the same at a slow pace, for people who asked for less motion
 */
export function useLayerCanvas(
  canvas: RefObject<HTMLCanvasElement | null>,
  residence: ReadonlySignal<Residence>,
  figures: ReadonlySignal<Residence>,
  layers: number,
): void {
  useEffect(() => {
    const element = canvas.current!;
    const context = element.getContext('2d')!;
    const trail = new LayerTrail(layers + 2);
    const calm = matchMedia('(prefers-reduced-motion: reduce)');
    const dark = matchMedia('(prefers-color-scheme: dark)');
    let colours = coloursOf(element);
    let frame = 0;

    const draw = (now: number) => {
      frame = 0;
      const moving = trail.step(now);
      const { clientWidth, clientHeight } = element;
      // Also when the page was zoomed, or moved to another screen.
      fit(element, clientWidth * devicePixelRatio, clientHeight * devicePixelRatio);
      paintLayers(context, trail.glow, colours, clientWidth, clientHeight, devicePixelRatio);
      if (moving) schedule();
    };
    const schedule = () => {
      frame ||= requestAnimationFrame(draw);
    };
    const recolour = () => {
      colours = coloursOf(element);
      schedule();
    };
    // A canvas that is stretched for a frame can be seen: draw at once.
    const resized = new ResizeObserver(() => draw(performance.now()));

    resized.observe(element);
    dark.addEventListener('change', recolour);
    const stop = effect(() => {
      if (calm.matches) trail.showOnly(cellOf(figures.value.at, layers));
      else trail.move(cellOf(residence.value.at, layers));
      schedule();
    });
    return () => {
      stop();
      resized.disconnect();
      dark.removeEventListener('change', recolour);
      cancelAnimationFrame(frame);
    };
  }, [canvas, residence, figures, layers]);
}

/** Gives the canvas as many pixels as the screen has there; that clears it, so only when needed. */
function fit(canvas: HTMLCanvasElement, width: number, height: number): void {
  if (canvas.width !== Math.round(width)) canvas.width = Math.round(width);
  if (canvas.height !== Math.round(height)) canvas.height = Math.round(height);
}

function coloursOf(element: Element): StripColours {
  const style = getComputedStyle(element);
  return { plate: style.getPropertyValue('--plate'), lit: style.getPropertyValue('--lit') };
}
