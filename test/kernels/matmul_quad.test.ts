import * as kernels from '../../src/gpu/kernels.ts';
import { openDevice } from './device.ts';
import { matrixSuite } from './matrix_suite.ts';

const gpu = await openDevice();
for (const kernel of [kernels.matvec_quad, kernels.matmul_quad]) {
  matrixSuite(gpu, kernel, [
    [1, 32],
    [33, 576],
    [100, 96],
    [300, 32],
  ]);
}
