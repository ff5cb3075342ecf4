"""Writes what gguf's own reader finds in the GGUF files of `gguf/`, and a file with every type of value.

    pip install gguf==0.19.0
    python make_gguf_contents.py
"""

import json
import pathlib

import gguf
import numpy

HERE = pathlib.Path(__file__).parent / "gguf"
TYPES = gguf.GGUFValueType
# The package writes nested arrays, and reads them flattened: these are expected as they were written.
NESTED = {"nested": [[1, 2], [3]]}


def write_every_value_type(path):
    writer = gguf.GGUFWriter(path, "none")
    writer.add_custom_alignment(64)
    samples = {
        "uint8": [0, 255],
        "int8": [-128, 127],
        "uint16": [0, 65535],
        "int16": [-32768, 32767],
        "uint32": [0, 2**32 - 1],
        "int32": [-(2**31), 2**31 - 1],
        "uint64": [0, 2**53 - 1, 2**53, 2**64 - 1],
        "int64": [-(2**63), -(2**53), 1 - 2**53, 2**63 - 1],
        "float32": [0.1, -2.5, 2.0**-149],
        "float64": [0.1, -2.5, 5e-324],
        "bool": [True, False],
        "string": ["", "a", "Grüße, 世界 🙂", "\ufeffbyte order mark", "nul\0inside", "x" * 1000],
    }
    for name, values in samples.items():
        kind = TYPES[name.upper()]
        for i, value in enumerate(values):
            writer.add_key_value(f"{name}.{i}", value, kind)
        writer.add_key_value(f"{name}.array", values, TYPES.ARRAY, sub_type=kind)
    for name, value in NESTED.items():
        writer.add_key_value(name, value, TYPES.ARRAY, sub_type=TYPES.ARRAY)
    writer.add_key_value("schlüssel", 1, TYPES.UINT32)
    writer.add_tensor("vector", numpy.arange(5, dtype=numpy.float32))
    writer.add_tensor("cube", numpy.arange(24, dtype=numpy.float16).reshape(2, 3, 4))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def plain(value):
    """JSON holds no integer beyond 2^53: those become a string ending with n."""
    if isinstance(value, (list, numpy.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, numpy.generic):
        value = value.item()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return f"{value}n"
    return value


def contents(path):
    reader = gguf.GGUFReader(path)
    return {
        "metadata": {
            name: NESTED.get(name) or plain(field.contents())
            for name, field in reader.fields.items()
            if not name.startswith("GGUF.")
        },
        "tensors": [
            {
                "name": tensor.name,
                "type": tensor.tensor_type.name,
                # Rows first; the file stores the reverse.
                "shape": [int(length) for length in reversed(tensor.shape)],
                "offset": int(tensor.data_offset),
                "bytes": int(tensor.n_bytes),
            }
            for tensor in reader.tensors
        ],
    }


write_every_value_type(HERE / "every-value-type.gguf")
files = {path.name: contents(path) for path in sorted(HERE.glob("*.gguf"))}
(HERE / "contents.json").write_text(json.dumps(files, ensure_ascii=False) + "\n")
