"""Writes the tokenizer metadata of the default model, as gguf's own reader finds it, to `smollm2-tokenizer.json.gz`.

    pip install gguf==0.19.0
    python make_smollm2_tokenizer.py SmolLM2-135M-Instruct.Q4_1.gguf
"""

import gzip
import json
import pathlib
import sys

import gguf

fields = gguf.GGUFReader(sys.argv[1]).fields
metadata = {name: field.contents() for name, field in fields.items() if name.startswith("tokenizer.")}
text = json.dumps(metadata, ensure_ascii=False, separators=(",", ":"))
target = pathlib.Path(__file__).parent / "smollm2-tokenizer.json.gz"
target.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
