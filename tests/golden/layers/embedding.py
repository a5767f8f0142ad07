# embedding beside torch.nn.Embedding.
from golden import layer
from torch.nn import Embedding

layer("embedding: {num_embeddings: 5, embedding_dim: 3}", Embedding(5, 3), (2, 4), indices=5)
layer("embedding: {num_embeddings: 4, embedding_dim: 2, padding_idx: 1}", Embedding(4, 2, padding_idx=1), (3, 5), indices=4)
