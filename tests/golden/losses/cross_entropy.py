# cross_entropy beside torch.nn.CrossEntropyLoss.
from golden import loss
from torch.nn import CrossEntropyLoss

loss("cross_entropy", CrossEntropyLoss(), (4, 5))
loss("cross_entropy: {label_smoothing: 0.1}", CrossEntropyLoss(label_smoothing=0.1), (3, 4))
