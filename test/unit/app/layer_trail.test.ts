import { describe, expect, test } from 'vitest';
import { cellOf, LayerTrail, placeName } from '../../../src/app/layer_trail.ts';

describe('the trail of the layer strip', () => {
  test('only the cell at hand glows fully', () => {
    const trail = new LayerTrail(5);
    trail.move(2);
    expect([...trail.glow]).toEqual([0, 0, 1, 0, 0]);
  });

  test('cells that were passed between two reports glow too', () => {
    const trail = new LayerTrail(6);
    trail.move(1);
    trail.move(4);
    expect(trail.glow[1]).toBe(1);
    expect(trail.glow[2]).toBeCloseTo(0.7);
    expect(trail.glow[3]).toBeCloseTo(0.7);
    expect(trail.glow[4]).toBe(1);
    expect(trail.glow[5]).toBe(0);
  });

  test('from the head the pass goes on at the embedding', () => {
    const trail = new LayerTrail(4);
    trail.move(3);
    trail.move(1);
    expect(trail.glow[0]).toBeCloseTo(0.7);
    expect(trail.glow[2]).toBe(0);
  });

  test('what was passed fades to nothing, what is on the GPU does not', () => {
    const trail = new LayerTrail(3);
    trail.move(0);
    trail.move(1);
    expect(trail.step(0)).toBe(true);
    expect(trail.step(260)).toBe(true);
    expect(trail.glow[0]).toBeCloseTo(1 / Math.E);
    trail.step(5_000);
    expect(trail.step(5_016)).toBe(false);
    expect([...trail.glow]).toEqual([0, 1, 0]);
  });

  test('after the pass the last cell fades as well', () => {
    const trail = new LayerTrail(2);
    trail.move(1);
    trail.move(null);
    trail.step(0);
    trail.step(10_000);
    expect([...trail.glow]).toEqual([0, 0]);
  });

  test('a pause before the next pass does not fade its first cell at once', () => {
    const trail = new LayerTrail(2);
    trail.move(0);
    trail.move(1);
    trail.step(0);
    trail.step(10_000);
    trail.step(10_016);
    trail.move(0);
    trail.step(60_000);
    expect(trail.glow[1]).toBe(1);
  });

  test('with less motion there is no trail', () => {
    const trail = new LayerTrail(4);
    trail.showOnly(0);
    trail.showOnly(3);
    expect([...trail.glow]).toEqual([0, 0, 0, 1]);
    trail.showOnly(null);
    expect([...trail.glow]).toEqual([0, 0, 0, 0]);
  });
});

test('the embedding is the first cell, the head the last', () => {
  expect([cellOf('embedding', 30), cellOf(0, 30), cellOf(29, 30), cellOf('head', 30)]).toEqual([
    0, 1, 30, 31,
  ]);
  expect(cellOf(null, 30)).toBeNull();
});

test('places have names', () => {
  expect([placeName(null), placeName('embedding'), placeName(7), placeName('head')]).toEqual([
    'idle',
    'embedding',
    'layer 7',
    'head',
  ]);
});
