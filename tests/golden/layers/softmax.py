# softmax beside torch.nn.Softmax over the features.
from golden import layer
from torch.nn import Softmax

layer("softmax", Softmax(-1), (3, 5))
