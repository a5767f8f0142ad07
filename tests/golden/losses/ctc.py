# ctc beside torch.nn.CTCLoss, with the softmax before it.
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import chance, loss_of, whole
from torch.nn import CTCLoss


def ctc(x, y, lengths):
    log_p = torch.log_softmax(x, -1).movedim(1, 0)
    return CTCLoss(zero_infinity=True)(log_p, y, lengths, (y > 0).sum(1))


for n in range(24):
    batch, places, labels, classes = chance.randint(1, 3), chance.randint(1, 7), chance.randint(1, 3), chance.randint(2, 4)
    y = whole(classes - 1, (batch, labels)) + 1
    for row in y:
        row[chance.randint(1, labels):] = 0  # behind the last label
    lengths = torch.tensor([chance.randint(1, places) for _ in range(batch)])
    if n % 2:
        loss_of("ctc: {lengths: places}", lambda x, y: ctc(x, y, lengths), (batch, places, classes), target=y, lengths=lengths)
    else:
        loss_of("ctc", lambda x, y: ctc(x, y, torch.full((batch,), places)), (batch, places, classes), target=y)
