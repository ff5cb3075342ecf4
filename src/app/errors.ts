import { LaminaError, registerErrors } from '../errors.ts';

/** `models.json` beside the page is missing or not what it should be. */
export class CatalogueError extends LaminaError {
  constructor(details: { url: string; reason: string }) {
    super(
      `The list of models (${details.url}) could not be read: ${details.reason}. Load the page again, or open a model of your own.`,
      details,
    );
  }
}

registerErrors({ CatalogueError });
