# nll beside torch.nn.NLLLoss.
from golden import loss
from torch.nn import NLLLoss

loss("nll", NLLLoss(), (4, 5))
loss("nll: {ignore_index: 2}", NLLLoss(ignore_index=2), (2, 3, 5), ignored=2)
