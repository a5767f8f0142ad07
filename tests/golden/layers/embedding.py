# embedding beside torch.nn.Embedding.
# SPDX-License-Identifier: Apache-2.0
from golden import layer, whole
from torch.nn import Embedding

layer("embedding: {num_embeddings: 5, embedding_dim: 3}", Embedding(5, 3), whole(5, (2, 4)))
layer("embedding: {num_embeddings: 4, embedding_dim: 2, padding_idx: 1}", Embedding(4, 2, padding_idx=1), whole(4, (3, 5)))
