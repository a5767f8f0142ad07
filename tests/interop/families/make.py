#!/usr/bin/env python3
# Writes the folders beside it: tiny networks of random weights as transformers saves them, each with expected.json, an
# input and the logits that transformers computes of it; for language models also how they continue it greedily.
#
# usage: make.py, with the transformers that expected.json names and PyTorch
# SPDX-License-Identifier: Apache-2.0

import json
import pathlib

import torch
import transformers as T

HERE = pathlib.Path(__file__).resolve().parent
SIZES = dict(hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12)
LABELS = dict(id2label={0: "cat", 1: "dog", 2: "a bird"}, label2id={"cat": 0, "dog": 1, "a bird": 2})

NETWORKS = {
    "gpt2": lambda: T.GPT2LMHeadModel(T.GPT2Config(n_embd=8, n_layer=2, n_head=2, vocab_size=20, n_positions=12)),
    "llama": lambda: T.LlamaForCausalLM(T.LlamaConfig(
        **SIZES | dict(num_attention_heads=4), num_key_value_heads=2, vocab_size=20, max_position_embeddings=12)),
    "llama_tied": lambda: T.LlamaForCausalLM(T.LlamaConfig(
        **SIZES, vocab_size=20, max_position_embeddings=12, tie_word_embeddings=True)),
    "bert": lambda: T.BertForSequenceClassification(T.BertConfig(
        **SIZES, vocab_size=20, max_position_embeddings=6, **LABELS)),
    "vit": lambda: T.ViTForImageClassification(T.ViTConfig(**SIZES, image_size=16, patch_size=8, **LABELS)),
    "resnet": lambda: T.ResNetForImageClassification(T.ResNetConfig(
        embedding_size=4, hidden_sizes=[4, 8], depths=[1, 2], layer_type="basic", **LABELS)),
    "resnet_bottleneck": lambda: T.ResNetForImageClassification(T.ResNetConfig(
        embedding_size=4, hidden_sizes=[8, 8], depths=[2, 1], layer_type="bottleneck", **LABELS)),
}


def rounded(values):
    return [round(v, 7) for v in values.flatten().tolist()]


for name, make in NETWORKS.items():
    torch.manual_seed(7)
    model = make().eval()
    with torch.no_grad():
        for key, parameter in [*model.named_parameters(), *model.named_buffers()]:
            if parameter.is_floating_point() and "inv_freq" not in key:  # which is not saved
                parameter.copy_((parameter + 0.2 * torch.randn_like(parameter)).abs() + 0.1 if parameter.min() >= 0 and
                                parameter.dim() == 1 else parameter + 0.2 * torch.randn_like(parameter))
        if hasattr(model.config, "vocab_size"):
            x = torch.randint(0, 20, (2, 6))
        else:
            size = getattr(model.config, "image_size", 32)
            x = torch.randint(0, 256, (2, 3, size, size))
        scaled = x if x.dim() == 2 else x / 255.0
        if name == "vit":
            scaled = (scaled - 0.5) / 0.5
        elif x.dim() == 4:
            mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
            scaled = (scaled - mean[:, None, None]) / std[:, None, None]
        logits = model(scaled).logits
        expected = {"transformers": T.__version__, "torch": torch.__version__.split("+")[0],
                    "input": (x if x.dim() == 2 else x.permute(0, 2, 3, 1)).flatten().tolist(),  # [height, width, 3]
                    "shape": list(x.shape if x.dim() == 2 else x.permute(0, 2, 3, 1).shape), "logits": rounded(logits)}
        if hasattr(model, "generate") and "ForCausal" in type(model).__name__ or name == "gpt2":
            expected["prompt"] = x[0, :3].tolist()
            expected["continued"] = model.generate(x[:1, :3], attention_mask=torch.ones(1, 3), max_new_tokens=8,
                                                   do_sample=False, pad_token_id=0, eos_token_id=None)[0, 3:].tolist()
    folder = HERE / name
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    (folder / "expected.json").write_text(json.dumps(expected) + "\n")
    print(name, sum(p.numel() for p in model.parameters()), float(logits.abs().max()), expected.get("continued"))
