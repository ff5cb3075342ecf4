import * as kernels from '../../src/gpu/kernels.ts';
import { openPlainDevice } from './device.ts';
import { matrixSuite } from './matrix_suite.ts';

const gpu = await openPlainDevice();
matrixSuite(gpu, kernels.matmul, [
  [1, 32],
  [33, 576],
  [130, 32],
]);
matrixSuite(gpu, kernels.matmul, [[130, 32]], { WIDE: true });
