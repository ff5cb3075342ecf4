import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));

/** Which rooms each room may import from; besides, all may import `src/errors.ts`. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  formats: [],
  model: ['formats'],
  store: ['model', 'formats'],
  gpu: ['formats'],
  plan: ['gpu', 'store', 'model', 'formats'],
  engine: ['plan', 'gpu', 'store', 'model', 'formats'],
  bench: ['engine', 'plan', 'gpu', 'store', 'model', 'formats'],
  worker: ['bench', 'engine', 'plan', 'gpu', 'store', 'model', 'formats'],
  api: ['worker', 'bench', 'engine', 'plan', 'gpu', 'store', 'model', 'formats'],
  app: ['api', 'worker', 'bench', 'engine', 'plan', 'gpu', 'store', 'model', 'formats'],
  widget: ['api', 'worker', 'bench', 'engine', 'plan', 'gpu', 'store', 'model', 'formats'],
  sw: [],
};

/** These run in a worker and in Node as well as in a page. */
const WITHOUT_DOM = ['formats', 'model', 'store', 'gpu', 'plan', 'engine', 'bench'];
/** These get their device and their store handed in. */
const WITHOUT_NAVIGATOR = ['formats', 'model', 'gpu', 'plan', 'engine', 'bench'];

interface SourceFile {
  /** From `src`, with slashes. */
  readonly path: string;
  readonly room: string;
  /** Without comments. */
  readonly code: string;
  readonly imports: readonly string[];
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path))
  .map((path) => sourceFile(path.replaceAll('\\', '/')));

function sourceFile(path: string): SourceFile {
  const code = withoutComments(readFileSync(join(SRC, path), 'utf8'));
  const room = path.includes('/') ? path.slice(0, path.indexOf('/')) : '';
  return { path, room, code, imports: importsOf(code) };
}

function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');
}

/** What a file imports or exports from elsewhere, as it is written. */
function importsOf(code: string): string[] {
  const fixed = code.matchAll(/^(?:import|export)\s[^'"=;]*['"]([^'"]+)['"]/gm);
  const dynamic = code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g);
  return [...fixed, ...dynamic].map(([, specifier]) => specifier!);
}

/** A file inside `src`; null: something else. */
function target(from: SourceFile, specifier: string): SourceFile | null {
  if (!specifier.startsWith('.')) return null;
  const path = posix.join(posix.dirname(from.path), specifier);
  return files.find((file) => file.path === path) ?? null;
}

test('every room of src has its place', () => {
  expect(files.length).toBeGreaterThan(100);
  const rooms = new Set(files.map(({ room }) => room));
  rooms.delete('');
  expect([...rooms].filter((room) => !(room in MAY_IMPORT))).toEqual([]);
});

test('imports between files are seen whatever they look like', () => {
  const code = `import a from './a.ts';
import {
  b,
  type C,
} from "../b.ts";
import './c.css';
export * from './d.ts';
export const text = './no.ts';
const e = await import('./e.ts');
// import './no.ts';
/* import './no.ts'; */`;
  expect(importsOf(withoutComments(code))).toEqual([
    './a.ts',
    '../b.ts',
    './c.css',
    './d.ts',
    './e.ts',
  ]);
});

test('every room imports only from rooms below it', () => {
  const wrong = files.flatMap((file) =>
    file.imports.flatMap((specifier) => {
      const room = target(file, specifier)?.room;
      const allowed = [file.room, '', ...(MAY_IMPORT[file.room] ?? [])];
      return room === undefined || allowed.includes(room) ? [] : [`${file.path} → ${specifier}`];
    }),
  );
  expect(wrong).toEqual([]);
});

test('every relative import of a TypeScript file finds it', () => {
  const lost = files.flatMap((file) =>
    file.imports
      .filter((specifier) => /^\..*\.tsx?$/.test(specifier) && target(file, specifier) === null)
      .map((specifier) => `${file.path} → ${specifier}`),
  );
  expect(lost).toEqual([]);
});

test('no file imports itself by a detour', () => {
  const done = new Set<SourceFile>();
  const circles: string[] = [];
  const visit = (file: SourceFile, way: readonly SourceFile[]) => {
    if (way.includes(file)) {
      const circle = [...way.slice(way.indexOf(file)), file];
      circles.push(circle.map(({ path }) => path).join(' → '));
    }
    if (done.has(file)) return;
    done.add(file);
    for (const specifier of file.imports) {
      const next = target(file, specifier);
      if (next) visit(next, [...way, file]);
    }
  };
  for (const file of files) visit(file, []);
  expect(circles).toEqual([]);
});

test('what runs in workers and in Node touches no page', () => {
  const page = /(?<![.\w])(?:window|document|localStorage|sessionStorage)\s*[.[?]/;
  const wrong = files.filter(({ room, code }) => WITHOUT_DOM.includes(room) && page.test(code));
  expect(wrong.map(({ path }) => path)).toEqual([]);
});

test('the engine gets its device and its store handed in', () => {
  const navigator = /(?<![.\w])navigator\b/;
  const wrong = files.filter(
    ({ room, code }) => WITHOUT_NAVIGATOR.includes(room) && navigator.test(code),
  );
  expect(wrong.map(({ path }) => path)).toEqual([]);
});

test('Node’s own modules are imported by files named node_… only', () => {
  const wrong = files.filter(
    ({ path, imports }) =>
      !basename(path).startsWith('node_') && imports.some((name) => name.startsWith('node:')),
  );
  expect(wrong.map(({ path }) => path)).toEqual([]);
  expect(files.some(({ imports }) => imports.includes('node:fs'))).toBe(true);
});

test('nothing in src imports from outside of it but packages and shaders', () => {
  const wrong = files.flatMap((file) =>
    file.imports
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => join(dirname(file.path), specifier).replaceAll('\\', '/'))
      .filter((path) => path.startsWith('..') && !path.startsWith('../shaders/'))
      .map((path) => `${file.path} → ${path}`),
  );
  expect(wrong).toEqual([]);
});
