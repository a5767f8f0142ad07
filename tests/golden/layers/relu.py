# relu beside torch.nn.ReLU.
from golden import layer
from torch.nn import ReLU

layer("relu", ReLU(), (2, 6))
