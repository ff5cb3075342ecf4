import * as kernels from '../../src/gpu/kernels.ts';
import { openPlainDevice } from './device.ts';
import { matrixSuite } from './matrix_suite.ts';

const gpu = await openPlainDevice();
for (const kernel of [kernels.matvec, kernels.matmul]) matrixSuite(gpu, kernel);
