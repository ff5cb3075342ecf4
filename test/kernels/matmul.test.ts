import * as kernels from '../../src/gpu/kernels.ts';
import { openPlainDevice } from './device.ts';
import { matrixSuite } from './matrix_suite.ts';

const gpu = await openPlainDevice();
// SwiftShader compiles this one for more than a second.
matrixSuite(gpu, kernels.matmul, [
  [33, 576],
  [130, 32],
]);
