import { sendFile } from '../../../scripts/server/send_file.js';
import { fileInside, pathname, staticFiles } from '../../../scripts/server/static_files.js';
import { PAGES } from './build_pages.js';

/** Where the pages find the GGUF file. */
export const MODEL_PREFIX = '/model/';
/** Where Transformers.js looks for its model. */
const ONNX_PREFIX = '/onnx/';

/**
 * The pages, isolated from other origins since threads need that, and the models beside them.
 * @param {Pick<import('./options.js').Options, 'model' | 'modelName' | 'onnx'>} options
 * @returns {import('../../../scripts/server/static_files.js').RequestHandler[]}
 */
export function handlers({ model, modelName, onnx }) {
  return [
    async (_, response, next) => {
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
      next();
    },
    async (request, response, next) => {
      const path = pathname(request) ?? '';
      const file =
        path === MODEL_PREFIX + modelName
          ? model
          : onnx && path.startsWith(ONNX_PREFIX)
            ? fileInside(onnx.folder, path.slice(ONNX_PREFIX.length))
            : null;
      if (file === null || !(await sendFile(request, response, file))) next();
    },
    staticFiles(PAGES),
  ];
}
