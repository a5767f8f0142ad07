# multi_head_attention beside torch.nn.MultiheadAttention, and beside scaled_dot_product_attention where that layer lacks
# the form.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import layer
from torch.nn.functional import linear, scaled_dot_product_attention


class PyTorchs(torch.nn.MultiheadAttention):
    """PyTorch's own layer, of one sequence."""

    def __init__(self, features, heads, causal, **more):
        super().__init__(features, heads, batch_first=True, **more)
        self.causal = causal

    def forward(self, x):
        mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1) if self.causal else None
        return super().forward(x, x, x, need_weights=False, attn_mask=mask, is_causal=self.causal)[0]


class Padded(torch.nn.MultiheadAttention):
    """The same, of sequences of given lengths."""

    def forward(self, x, lengths):
        mask = torch.arange(x.shape[1]) >= lengths[:, None]
        return super().forward(x, x, x, need_weights=False, key_padding_mask=mask)[0]


class Crossed(torch.nn.MultiheadAttention):
    """The same, of a sequence that looks at another."""

    def forward(self, x, memory):
        return super().forward(x, memory, memory, need_weights=False)[0]


class Grouped(torch.nn.Module):
    """Several heads of queries to each of keys and values."""

    def __init__(self, features, heads, kv_heads, dim, causal):
        super().__init__()
        self.sizes = (heads * dim, kv_heads * dim, kv_heads * dim)
        self.dim, self.causal = dim, causal
        self.in_proj_weight = torch.nn.Parameter(torch.empty(sum(self.sizes), features))
        self.in_proj_bias = torch.nn.Parameter(torch.empty(sum(self.sizes)))
        self.out_proj = torch.nn.Linear(heads * dim, features)

    def forward(self, x):
        qkv = linear(x, self.in_proj_weight, self.in_proj_bias).split(self.sizes, 2)
        q, k, v = (t.unflatten(2, (-1, self.dim)).transpose(1, 2) for t in qkv)
        y = scaled_dot_product_attention(q, k, v, is_causal=self.causal, enable_gqa=True)
        return self.out_proj(y.transpose(1, 2).flatten(2))


layer("multi_head_attention: 2", PyTorchs(6, 2, False), (2, 4, 6))
layer("multi_head_attention: {num_heads: 3, causal: true, bias: false}", PyTorchs(6, 3, True, bias=False), (2, 5, 6))
layer("multi_head_attention: 2", Padded(4, 2, batch_first=True), (3, 4, 4), torch.tensor([4, 1, 2]))
layer("multi_head_attention: 2", Crossed(4, 2, batch_first=True), (2, 3, 4), (2, 5, 4))
layer("multi_head_attention: {num_heads: 4, num_kv_heads: 2, head_dim: 3, causal: true}", Grouped(5, 4, 2, 3, True), (2, 6, 5))
layer("multi_head_attention: {num_heads: 4, num_kv_heads: 1}", Grouped(4, 4, 1, 1, False), (2, 3, 4))
