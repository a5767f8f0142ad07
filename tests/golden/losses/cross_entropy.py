# cross_entropy beside torch.nn.CrossEntropyLoss.
from golden import loss
from torch.nn import CrossEntropyLoss

loss("cross_entropy", CrossEntropyLoss(), (4, 5))
loss("cross_entropy: {label_smoothing: 0.1}", CrossEntropyLoss(label_smoothing=0.1), (3, 4))
loss("cross_entropy", CrossEntropyLoss(), (2, 3, 5))
loss("cross_entropy: {ignore_index: -100}", CrossEntropyLoss(), (3, 4, 6), ignored=-100)
loss("cross_entropy: {ignore_index: 1, label_smoothing: 0.2}", CrossEntropyLoss(ignore_index=1, label_smoothing=0.2), (3, 4, 6), ignored=1)
