# cross_entropy beside torch.nn.CrossEntropyLoss.
from golden import loss
from torch.nn import CrossEntropyLoss

loss("cross_entropy", CrossEntropyLoss(), (4, 5))
