import { CatalogueError } from './errors.ts';

/** A model that the page offers; an entry of `models.json`. */
export interface CatalogueModel {
  readonly id: string;
  readonly name: string;
  /** Absolute; in the file it may be relative to the page. */
  readonly url: string;
  /** Bytes to download. */
  readonly bytes: number;
  /** SPDX identifier. */
  readonly license: string;
  readonly description: string;
}

/**
 * Reads `models.json`; the first model is the default one.
 * @param page the page's address, against which relative addresses are resolved
 * @throws CatalogueError
 */
export async function fetchCatalogue(
  page: string,
  fetchFile: (url: string) => Promise<Response> = fetch,
): Promise<readonly CatalogueModel[]> {
  const url = new URL('models.json', page).href;
  let json: unknown;
  try {
    const response = await fetchFile(url);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    json = await response.json();
  } catch (error) {
    throw new CatalogueError({ url, reason: (error as Error).message });
  }
  return parseCatalogue(json, url, page);
}

/** @throws CatalogueError */
export function parseCatalogue(json: unknown, url: string, page: string): CatalogueModel[] {
  const models = (json as { models?: unknown } | null)?.models;
  if (!Array.isArray(models)) throw new CatalogueError({ url, reason: 'it has no list "models"' });
  return models.map((entry: unknown, i) => {
    const fields = (entry ?? {}) as Record<string, unknown>;
    const text = (field: keyof CatalogueModel): string => {
      const value = fields[field];
      if (typeof value === 'string' && value !== '') return value;
      throw new CatalogueError({ url, reason: `models[${i}].${field} is not a text` });
    };
    const { bytes } = fields;
    if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes <= 0) {
      throw new CatalogueError({ url, reason: `models[${i}].bytes is not a number of bytes` });
    }
    return {
      id: text('id'),
      name: text('name'),
      url: absolute(text('url'), page, { url, reason: `models[${i}].url is not an address` }),
      bytes,
      license: text('license'),
      description: text('description'),
    };
  });
}

function absolute(url: string, page: string, otherwise: { url: string; reason: string }): string {
  if (!URL.canParse(url, page)) throw new CatalogueError(otherwise);
  return new URL(url, page).href;
}
