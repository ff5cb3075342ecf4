"""Another checkpoint with a checkpoint's matrices in another type, as the gguf package makes it.

    pip install gguf==0.19.0
    python requantize.py SmolLM2-135M-Instruct.Q4_1.gguf F32 out.gguf

What an import quantizes (`lamina perplexity --quantize Q8_0 --model out.gguf ...`) can be compared with what that
package makes of the same weights (types F32, Q8_0, Q4_0, Q4_1). Norms and biases stay float32.
"""

import sys

import gguf

source, kind, target = sys.argv[1:]
wanted = gguf.GGMLQuantizationType[kind]
reader = gguf.GGUFReader(source)
writer = gguf.GGUFWriter(target, reader.fields["general.architecture"].contents())
for name, field in reader.fields.items():
    if name.startswith("GGUF.") or name in ("general.architecture", "general.file_type"):
        continue
    of = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
    writer.add_key_value(name, field.contents(), field.types[0], of)
for tensor in reader.tensors:
    values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
    as_it_is = len(tensor.shape) == 1 or wanted == gguf.GGMLQuantizationType.F32
    if as_it_is:
        writer.add_tensor(tensor.name, values)
    else:
        writer.add_tensor(tensor.name, gguf.quants.quantize(values, wanted), raw_dtype=wanted)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
