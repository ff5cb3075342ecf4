"""Writes arch/odd_*: tiny models of sizes that are multiples of nothing, and what `transformers` makes of them.

    pip install torch==2.15.0 transformers==5.24.0
    python make_odd_arch.py
"""

import json
import shutil
import zlib
from pathlib import Path

import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM

HERE = Path(__file__).parent / "arch"
DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
GREEDY = 16
# The greedy tokens shall not hang on the last digits, nor the choice of experts.
LEAST_MARGIN = 0.03
LEAST_GAP = 0.003

SMALL = {"vocab_size": 53, "max_position_embeddings": 128, "num_key_value_heads": 1}

# The model's type, its options, and how it is stored. `raw` changes config.json: None takes a key away.
CASES = {
    # One head of keys for five of queries, and heads that are not as wide as the model divided by their number.
    "odd_llama": (
        "llama",
        {
            **SMALL,
            "hidden_size": 35,
            "head_dim": 6,
            "num_attention_heads": 5,
            "num_hidden_layers": 2,
            "intermediate_size": 29,
        },
        {"weights": "f32", "dialect": "v4"},
    ),
    # Seven heads are no power of two, which ALiBi's slopes care about; the prompt is longer than the vocabulary; and the
    # keys are those of BLOOM's first checkpoints.
    "odd_bloom": (
        "bloom",
        {"hidden_size": 14, "n_head": 7, "n_layer": 1, "vocab_size": 37},
        {
            "weights": "f16",
            "dialect": "v4",
            "length": 45,
            "raw": {"n_embed": 14, "num_attention_heads": 7, "seq_length": 2048, "hidden_size": None, "n_head": None},
        },
    ),
    # The window is there in every layer, whatever `max_window_layers` says. Weights of two of five experts, as they are.
    "odd_qwen3_moe": (
        "qwen3_moe",
        {
            **SMALL,
            "hidden_size": 19,
            "head_dim": 6,
            "num_attention_heads": 3,
            "num_hidden_layers": 1,
            "intermediate_size": 40,
            "moe_intermediate_size": 11,
            "num_experts": 5,
            "num_experts_per_tok": 2,
            "norm_topk_prob": False,
            "use_sliding_window": True,
            "sliding_window": 5,
            "tie_word_embeddings": True,
        },
        {"weights": "bf16", "dialect": "v4", "raw": {"max_window_layers": 1}},
    ),
    # A window where nothing turns, and biases everywhere.
    "odd_smollm3": (
        "smollm3",
        {
            **SMALL,
            "hidden_size": 18,
            "num_attention_heads": 3,
            "num_hidden_layers": 2,
            "intermediate_size": 23,
            "attention_bias": True,
            "mlp_bias": True,
            "no_rope_layer_interval": 2,
            "use_sliding_window": True,
            "sliding_window": 5,
        },
        {"weights": "f16", "dialect": "v4"},
    ),
    # Scaled and local RoPE, erf's GELU, a cap of the logits, one of the scores that is not used, a prompt of many windows.
    "odd_gemma3": (
        "gemma3_text",
        {
            **SMALL,
            "hidden_size": 15,
            "head_dim": 10,
            "num_attention_heads": 3,
            "num_hidden_layers": 2,
            "intermediate_size": 23,
            "max_position_embeddings": 333,
            "hidden_activation": "gelu",
            "query_pre_attn_scalar": 13,
            "attn_logit_softcapping": 2.0,
            "final_logit_softcapping": 5.0,
            "sliding_window": 17,
            "layer_types": ["sliding_attention", "full_attention"],
            "rope_parameters": {
                "full_attention": {"rope_type": "linear", "factor": 3.0, "rope_theta": 5e5},
                "sliding_attention": {"rope_type": "default", "rope_theta": 777.0},
            },
        },
        {"weights": "bf16", "length": 280},
    ),
    # A context within the original length takes the short factors; 6 of 10 dimensions turn.
    "odd_phi3_short": (
        "phi3",
        {
            **SMALL,
            "hidden_size": 20,
            "num_attention_heads": 2,
            "num_hidden_layers": 1,
            "intermediate_size": 37,
            "original_max_position_embeddings": 64,
            "sliding_window": 9,
            "rope_parameters": {
                "rope_type": "longrope",
                "rope_theta": 1e4,
                "partial_rotary_factor": 0.6,
                "short_factor": [1.1, 1.3, 1.6],
                "long_factor": [1.5, 2.5, 4.5],
                "factor": 2.5,
            },
            "tie_word_embeddings": True,
        },
        {"weights": "f16"},
    ),
    # Heads of five; no biases; a value more in the network's middle than a workgroup of 64 has invocations.
    "odd_opt": (
        "opt",
        {
            "vocab_size": 53,
            "max_position_embeddings": 41,
            "hidden_size": 15,
            "num_attention_heads": 3,
            "num_hidden_layers": 1,
            "ffn_dim": 65,
            "activation_function": "gelu",
            "enable_bias": False,
        },
        {"weights": "f16", "dialect": "v4"},
    ),
    # Heads wider than a workgroup of 64, six of them in two groups of keys; multipliers, biases, YaRN.
    "odd_granite": (
        "granite",
        {
            **SMALL,
            "hidden_size": 7,
            "head_dim": 66,
            "num_attention_heads": 6,
            "num_key_value_heads": 2,
            "num_hidden_layers": 1,
            "intermediate_size": 37,
            "attention_bias": True,
            "embedding_multiplier": 3.0,
            "attention_multiplier": 0.2,
            "residual_multiplier": 0.7,
            "logits_scaling": 0.6,
            "rope_parameters": {
                "rope_type": "yarn",
                "factor": 4.0,
                "original_max_position_embeddings": 16,
                "rope_theta": 1e4,
            },
            "tie_word_embeddings": True,
        },
        {"weights": "f16"},
    ),
}


def fill(model, seed, dtype):
    """Random weights, rounded to what is stored; norms and biases count, too."""
    generator = torch.Generator().manual_seed(seed)
    tied = model.config.tie_word_embeddings
    for name, parameter in sorted(model.named_parameters()):
        noise = torch.randn(parameter.shape, generator=generator)
        if name.endswith("bias"):
            values = 0.3 * noise
        elif parameter.ndim == 1:
            # Gemma's norms hold what they lack to 1.
            values = 0.2 * noise + (0 if model.config.model_type == "gemma3_text" else 1)
        elif "embed" in name and not tied:
            values = noise
        else:
            values = 1.5 * noise / parameter.shape[-1] ** 0.5
        parameter.data = values.to(dtype).float()
    model.tie_weights()


@torch.no_grad()
def logits_of(model, ids):
    return model(torch.tensor([ids]), use_cache=False).logits[0]


def greedy_of(model, ids):
    """The tokens that follow, and by how much the least certain one led."""
    ids, margin = list(ids), float("inf")
    for _ in range(GREEDY):
        first, second = logits_of(model, ids)[-1].topk(2).values.tolist()
        margin = min(margin, first - second)
        ids.append(logits_of(model, ids)[-1].argmax().item())
    return ids[-GREEDY:], margin


@torch.no_grad()
def router_gap(model, ids):
    """By how much the last expert that is taken leads the next one, at least."""
    per_token = getattr(model.config, "num_experts_per_tok", None)
    if per_token is None:
        return float("inf")
    routers = model(torch.tensor([ids]), use_cache=False, output_router_logits=True).router_logits
    ordered = torch.cat(routers).sort(descending=True).values
    return (ordered[:, per_token - 1] - ordered[:, per_token]).min().item()


def old_dialect(config):
    """The same config as `transformers` 4 wrote it."""
    config.pop("layer_types", None)
    rope = config.pop("rope_parameters", None)
    if rope:
        config["rope_theta"] = rope["rope_theta"]
        config["rope_scaling"] = None
    config["torch_dtype"] = config.pop("dtype")
    config["transformers_version"] = "4.51.0"
    return config


def make(name, model_type, options, *, weights, dialect="v5", length=24, raw={}):
    config = CONFIG_MAPPING[model_type](bos_token_id=1, eos_token_id=2, pad_token_id=0, **options)
    config._experts_implementation = "eager"
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation="eager").eval()
    seed = zlib.crc32(name.encode())
    generator = torch.Generator().manual_seed(seed)
    ids = [1, *torch.randint(0, config.vocab_size, (length - 1,), generator=generator).tolist()]
    while True:
        fill(model, seed, DTYPES[weights])
        greedy, margin = greedy_of(model, ids)
        if margin > LEAST_MARGIN and router_gap(model, ids + greedy) > LEAST_GAP:
            break
        seed += 1
    logits = logits_of(model, ids)
    difference = (logits_of(model.double(), ids) - logits).abs().max().item()

    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    model.to(DTYPES[weights]).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    written = json.loads((folder / "config.json").read_text())
    written = (old_dialect(written) if dialect == "v4" else written) | raw
    written = {key: value for key, value in written.items() if key not in raw or value is not None}
    (folder / "config.json").write_text(json.dumps(written, indent=1) + "\n")
    # The first, the last, and some between them.
    positions = sorted({*range(0, length, length // 5 + 1), length - 2, length - 1})
    logits[positions].numpy().astype("<f4").tofile(folder / "logits.f32")
    expected = {
        "case": name,
        "config_dialect": dialect,
        "weights_dtype": weights,
        "input_ids": [ids],
        "positions": positions,
        "greedy": greedy,
        "checks": {"min_top1_top2_margin": round(margin, 5), "logit_std": round(logits.std().item(), 4)},
        "tolerance": {
            "f64_max_abs_diff": float(f"{difference:.3g}"),
            "recommended_atol_f32": float(f"{max(1e-4, 30 * difference):.3g}"),
        },
    }
    (folder / "expected.json").write_text(json.dumps(expected) + "\n")
    print(name, f"logits {logits.std():.2f}, margin {margin:.3f}, difference to float64 {difference:.1e}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name, (model_type, options, stored) in CASES.items():
        make(name, model_type, options, **stored)
