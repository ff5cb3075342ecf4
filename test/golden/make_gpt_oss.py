"""Writes arch/gpt_oss/ and gguf/gpt-oss-mxfp4.gguf: one tiny gpt-oss of random weights, as Hugging Face has it, its experts
both in BF16 and in MXFP4, and as GGUF has it, and the float32 logits of `transformers`. The experts' values are such that MXFP4 holds them exactly, all
others such that BF16 does, so all have the same logits.

    pip install torch==2.15.0 transformers==5.24.0 safetensors==0.8.0 gguf==0.19.0
    python test/golden/make_gpt_oss.py
"""

import json
from pathlib import Path

import gguf
import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from transformers import GptOssConfig, GptOssForCausalLM
from transformers.integrations.mxfp4 import convert_moe_packed_tensors

SEED = 20250805
HERE = Path(__file__).parent
FOLDER = HERE / "arch" / "gpt_oss"
GGUF = HERE / "gguf" / "gpt-oss-mxfp4.gguf"
# Its tokenizer is taken over.
TOKENIZER = HERE / "gguf" / "qwen2-f16.gguf"
PROMPT, GREEDY = 40, 16
# Those whose logits are kept: within the window, and behind it.
POSITIONS = [0, 3, 7, 8, 9, 15, 27, 39]

CONFIG = dict(
    vocab_size=512,
    hidden_size=64,
    intermediate_size=32,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=16,
    num_local_experts=4,
    num_experts_per_tok=2,
    sliding_window=8,
    layer_types=["sliding_attention", "full_attention"],
    max_position_embeddings=128,
    rms_norm_eps=1e-5,
    tie_word_embeddings=False,
    attention_bias=True,
    bos_token_id=1,
    eos_token_id=2,
    pad_token_id=0,
)
ROPE = dict(
    rope_type="yarn",
    factor=4.0,
    beta_fast=32.0,
    beta_slow=1.0,
    truncate=False,
    original_max_position_embeddings=32,
)
THETA = 150000.0


def mxfp4(rows: torch.Tensor) -> tuple[np.ndarray, torch.Tensor]:
    """Blocks of `[..., out, in]`, and their values."""
    blocks = gguf.quants.quantize(rows.numpy(), gguf.GGMLQuantizationType.MXFP4)
    values = gguf.quants.dequantize(blocks, gguf.GGMLQuantizationType.MXFP4)
    return blocks, torch.from_numpy(np.ascontiguousarray(values)).reshape(rows.shape)


def random_weights(model: GptOssForCausalLM) -> dict[str, np.ndarray]:
    """Sets all parameters; returns the MXFP4 blocks of the experts' matrices by their names."""
    generator = torch.Generator().manual_seed(SEED)
    normal = lambda shape, std: torch.randn(shape, generator=generator) * std
    blocks = {}
    for name, parameter in model.named_parameters():
        shape = parameter.shape
        if name.endswith("_proj") and "experts" in name:
            # Stored as [experts, in, out].
            rows = normal((shape[0], shape[2], shape[1]), 1.5 * shape[1] ** -0.5)
            blocks[name], values = mxfp4(rows)
            parameter.data = values.transpose(1, 2).contiguous()
            continue
        if name.endswith("gate_up_proj_bias"):
            # Now and then beyond what is clamped, on either side.
            value = normal(shape, 4)
        elif name.endswith("sinks"):
            value = normal(shape, 2)
        elif "bias" in name:
            value = normal(shape, 0.3)
        elif "norm" in name:
            value = 1 + normal(shape, 0.1)
        elif "embed_tokens" in name:
            value = normal(shape, 1)
        else:
            value = normal(shape, 2 * shape[-1] ** -0.5)
        parameter.data = value.bfloat16().float()
    return blocks


@torch.no_grad()
def logits_of(model: GptOssForCausalLM, ids: list[int]) -> torch.Tensor:
    return model(torch.tensor([ids]), use_cache=False).logits[0]


def margins(model: GptOssForCausalLM, ids: list[int]) -> dict:
    """How far the closest decisions are from turning out otherwise."""
    gaps, clamped = [], {"gate": 0, "up": 0}
    hooks = []
    for layer in model.model.layers:
        hooks.append(layer.mlp.router.register_forward_hook(
            lambda _m, _i, out: gaps.append(out[0].sort(-1, descending=True).values)))
        plain = layer.mlp.experts._apply_gate

        def counted(gate_up, plain=plain):
            clamped["gate"] += int((gate_up[..., ::2] > 7).sum())
            clamped["up"] += int((gate_up[..., 1::2].abs() > 7).sum())
            return plain(gate_up)

        layer.mlp.experts._apply_gate = counted
    rows = logits_of(model, ids)
    for hook in hooks:
        hook.remove()
    for layer in model.model.layers:
        del layer.mlp.experts._apply_gate
    top = rows.topk(2).values
    k = CONFIG["num_experts_per_tok"]
    return {
        "min_top1_top2_margin": round(float((top[:, 0] - top[:, 1]).min()), 5),
        "min_router_gap": round(min(float((g[:, k - 1] - g[:, k]).min()) for g in gaps), 5),
        "clamped": clamped,
        "logit_std": round(float(rows.std()), 4),
    }


def write_gguf(model: GptOssForCausalLM, blocks: dict[str, np.ndarray]) -> None:
    writer = gguf.GGUFWriter(GGUF, "gpt-oss")
    writer.add_name("gpt-oss-mxfp4")
    writer.add_context_length(CONFIG["max_position_embeddings"])
    writer.add_embedding_length(CONFIG["hidden_size"])
    writer.add_block_count(CONFIG["num_hidden_layers"])
    writer.add_feed_forward_length(CONFIG["intermediate_size"])
    writer.add_expert_feed_forward_length(CONFIG["intermediate_size"])
    writer.add_expert_count(CONFIG["num_local_experts"])
    writer.add_expert_used_count(CONFIG["num_experts_per_tok"])
    writer.add_head_count(CONFIG["num_attention_heads"])
    writer.add_head_count_kv(CONFIG["num_key_value_heads"])
    writer.add_key_length(CONFIG["head_dim"])
    writer.add_value_length(CONFIG["head_dim"])
    writer.add_layer_norm_rms_eps(CONFIG["rms_norm_eps"])
    writer.add_sliding_window(CONFIG["sliding_window"])
    writer.add_rope_freq_base(THETA)
    writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
    writer.add_rope_scaling_factor(ROPE["factor"])
    writer.add_rope_scaling_orig_ctx_len(ROPE["original_max_position_embeddings"])
    for field in gguf.GGUFReader(TOKENIZER).fields.values():
        if not field.name.startswith("tokenizer.") or field.name == "tokenizer.chat_template":
            continue
        sub = field.types[1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), field.types[0], sub)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.GPT_OSS, CONFIG["num_hidden_layers"])
    bf16, packed = gguf.GGMLQuantizationType.BF16, gguf.GGMLQuantizationType.MXFP4

    def add_experts(name: str, array: np.ndarray, suffix: str, raw: bool) -> None:
        """gate and up are rows in turn."""
        base = name.removesuffix("_bias").rsplit(".", 1)[0]
        parts = {"gate_proj": array[:, ::2], "up_proj": array[:, 1::2]} if "gate_up" in name else {"down_proj": array}
        for part, values in parts.items():
            to = names.get_name(f"{base}.{part}") + suffix
            writer.add_tensor(to, np.ascontiguousarray(values), raw_dtype=packed if raw else None)

    for name, parameter in model.named_parameters():
        if name in blocks:
            add_experts(name, blocks[name], ".weight", True)
        elif "experts" in name:
            add_experts(name, parameter.detach().numpy(), ".bias", False)
        else:
            path, _, suffix = name.rpartition(".")
            to = names.get_name(name) if name.endswith("sinks") else names.get_name(path)
            suffix = "weight" if name.endswith("sinks") else suffix
            values = parameter.detach().numpy()
            if values.ndim == 2 and "router" not in name:
                writer.add_tensor(f"{to}.{suffix}", gguf.quants.quantize(values, bf16), raw_dtype=bf16)
            else:
                writer.add_tensor(f"{to}.{suffix}", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_mxfp4(blocks: dict[str, np.ndarray], tensors: dict[str, torch.Tensor]) -> None:
    """The experts' codes and scales as OpenAI stores them."""
    apart = {}
    for name, ours in blocks.items():
        packed = torch.from_numpy(ours.reshape(*ours.shape[:-1], -1, 17))
        scales, nibbles = packed[..., 0], torch.cat([packed[..., 1:] & 15, packed[..., 1:] >> 4], -1)
        codes = nibbles[..., ::2] | (nibbles[..., 1::2] << 4)
        assert torch.equal(convert_moe_packed_tensors(codes, scales), tensors[name]), name
        apart[f"{name}_blocks"], apart[f"{name}_scales"] = codes.contiguous(), scales.contiguous()
    save_file(apart, FOLDER / "mxfp4_experts.safetensors", metadata={"format": "pt"})


def main() -> None:
    config = GptOssConfig(**CONFIG, rope_parameters={**ROPE, "rope_theta": THETA})
    config._attn_implementation = config._experts_implementation = "eager"
    model = GptOssForCausalLM(config).float().eval()
    blocks = random_weights(model)
    ids = np.random.default_rng(SEED).integers(3, CONFIG["vocab_size"], PROMPT).tolist()
    rows = logits_of(model, ids)
    exact = logits_of(copy_as(model, config, torch.float64), ids)
    difference = float((rows - exact).abs().max())
    greedy = []
    for _ in range(GREEDY):
        greedy.append(int(logits_of(model, ids + greedy)[-1].argmax()))

    FOLDER.mkdir(exist_ok=True)
    rows[POSITIONS].numpy().astype("<f4").tofile(FOLDER / "logits.f32")
    tensors = {name: parameter.detach().bfloat16().contiguous() for name, parameter in model.named_parameters()}
    save_file(tensors, FOLDER / "model.safetensors", metadata={"format": "pt"})
    written = {
        "architectures": ["GptOssForCausalLM"],
        "model_type": "gpt_oss",
        **CONFIG,
        "hidden_act": "silu",
        "experts_per_token": CONFIG["num_experts_per_tok"],
        "swiglu_limit": 7.0,
        "rope_theta": THETA,
        "rope_scaling": ROPE,
        "torch_dtype": "bfloat16",
    }
    (FOLDER / "config.json").write_text(json.dumps(written, indent=1))
    expected = {
        "case": "gpt_oss",
        "input_ids": [ids],
        "positions": POSITIONS,
        "greedy": greedy,
        "checks": margins(model, ids),
        "tolerance": {
            "f64_max_abs_diff": difference,
            "recommended_atol_f32": max(1e-4, 30 * difference),
        },
        "generated_with": {"torch": torch.__version__, "transformers": transformers.__version__, "seed": SEED},
        "notes": "Sinks, biases everywhere, a clamped SwiGLU with gate and up in turn, a window of 8 in the first layer, YaRN over whole and broken dimensions.",
    }
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=1))
    write_gguf(model, blocks)
    write_mxfp4(blocks, tensors)


def copy_as(model: GptOssForCausalLM, config: GptOssConfig, dtype: torch.dtype) -> GptOssForCausalLM:
    other = GptOssForCausalLM(config).eval()
    other.load_state_dict(model.state_dict())
    return other.to(dtype)


if __name__ == "__main__":
    main()
