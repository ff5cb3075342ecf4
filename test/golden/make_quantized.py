"""Writes float32 values and the blocks that the gguf package makes of them.

    pip install gguf==0.19.0
    python make_quantized.py
"""

import pathlib

import gguf
import numpy

HERE = pathlib.Path(__file__).parent / "quantized"
TYPES = gguf.GGMLQuantizationType

random = numpy.random.default_rng(1)
blocks = random.normal(0, 0.02, (64, 32)).astype(numpy.float32)
blocks[0] = 0
blocks[1] = -0.0
blocks[2] = numpy.arange(-16, 16)
# Ties: halves between two codes.
blocks[3] = numpy.arange(32) / 2 - 8
blocks[4] = numpy.arange(32) / 2
blocks[5] = (numpy.arange(32) - 15.5) * 8.0
blocks[6] = 0.25
blocks[7] = -0.25
blocks[8] *= 1e-7
blocks[9] *= 1e6
# Largest and smallest alike far from zero: the first decides.
blocks[10, 3], blocks[10, 20] = 0.5, -0.5
blocks[11, 3], blocks[11, 20] = -0.5, 0.5
blocks[12] = numpy.abs(blocks[12])
blocks[13] = -numpy.abs(blocks[13])
blocks[14] = random.standard_t(2, 32)

HERE.mkdir(exist_ok=True)
blocks.tofile(HERE / "values.f32")
for kind in (TYPES.Q8_0, TYPES.Q5_1, TYPES.Q5_0, TYPES.Q4_1, TYPES.Q4_0):
    gguf.quants.quantize(blocks, kind).tofile(HERE / f"{kind.name}.bin")
