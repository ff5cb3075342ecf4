import { effect, type ReadonlySignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Residence } from '../worker/protocol.ts';
import { paintLayers, type StripColours } from './layer_painter.ts';
import { cellOf, LayerTrail } from './layer_trail.ts';

/** Keeps a canvas in step with what is on the GPU. Draws only while something moves; never renders or lays out. */
export function useLayerCanvas(
  canvas: RefObject<HTMLCanvasElement | null>,
  residence: ReadonlySignal<Residence>,
  layers: number,
): void {
  useEffect(() => {
    const element = canvas.current!;
    const context = element.getContext('2d')!;
    const trail = new LayerTrail(layers + 2);
    const calm = matchMedia('(prefers-reduced-motion: reduce)');
    const dark = matchMedia('(prefers-color-scheme: dark)');
    let colours = coloursOf(element);
    let width = 0;
    let height = 0;
    let frame = 0;

    const draw = (now: number) => {
      frame = 0;
      const moving = trail.step(now);
      paintLayers(context, trail.glow, colours, width, height, devicePixelRatio);
      if (moving) schedule();
    };
    const schedule = () => {
      frame ||= requestAnimationFrame(draw);
    };
    const recolour = () => {
      colours = coloursOf(element);
      schedule();
    };
    const resized = new ResizeObserver(([entry]) => {
      ({ width, height } = entry!.contentRect);
      element.width = Math.round(width * devicePixelRatio);
      element.height = Math.round(height * devicePixelRatio);
      // Setting its size clears a canvas: draw in the same frame.
      draw(performance.now());
    });

    resized.observe(element);
    dark.addEventListener('change', recolour);
    const stop = effect(() => {
      const cell = cellOf(residence.value.at, layers);
      if (calm.matches) trail.showOnly(cell);
      else trail.move(cell);
      schedule();
    });
    return () => {
      stop();
      resized.disconnect();
      dark.removeEventListener('change', recolour);
      cancelAnimationFrame(frame);
    };
  }, [canvas, residence, layers]);
}

function coloursOf(element: Element): StripColours {
  const style = getComputedStyle(element);
  return { plate: style.getPropertyValue('--plate'), lit: style.getPropertyValue('--lit') };
}
