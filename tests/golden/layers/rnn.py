# rnn beside torch.nn.RNN: layers, directions, biases, the sequence and the last states.
# SPDX-License-Identifier: Apache-2.0
from golden import layer
from torch import cat
from torch.nn import RNN


class Sequence(RNN):
    def forward(self, x):
        return super().forward(x)[0]


class Last(RNN):
    def forward(self, x):
        last = super().forward(x)[1]
        return cat(last[-2:].unbind() if self.bidirectional else last[-1:].unbind(), -1)


layer("rnn: 5", Sequence(3, 5, batch_first=True), (2, 4, 3))
layer("rnn: {hidden_size: 3, bias: false}", Sequence(2, 3, bias=False, batch_first=True), (3, 3, 2))
layer("rnn: {hidden_size: 4, num_layers: 2, bidirectional: true}", Sequence(3, 4, 2, bidirectional=True, batch_first=True), (2, 3, 3))
layer("rnn: {hidden_size: 17, return_sequences: false}", Last(2, 17, batch_first=True), (3, 5, 2))
layer("rnn: {hidden_size: 3, num_layers: 2, bidirectional: true, return_sequences: false}",
      Last(2, 3, 2, bidirectional=True, batch_first=True), (2, 4, 2))
layer("rnn: {hidden_size: 3, num_layers: 2, dropout: 0.5}", Sequence(2, 3, 2, dropout=0.5, batch_first=True), (2, 3, 2), training=False)
layer("rnn: {hidden_size: 4, nonlinearity: relu}", Sequence(3, 4, nonlinearity="relu", batch_first=True), (2, 3, 3))
