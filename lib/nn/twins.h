// What a layer is called in other frameworks and how its parameters lie there, said in the layer's own file. Optional:
// a layer that says nothing is written elsewhere as the operations that it is made of. The same lines serve both ways,
// as names of parameters and the order of their axes can be read backwards.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "lib/graph/type.h"

namespace dl {

struct Twin {
  // How the call's tensors lie, where they have more than two axes: either way; [batch, channels, places …]; or
  // [batch, places …, channels].
  enum class Wants { any, channels_first, channels_last };
  // Where a tensor lies there: one of `parts` equal parts of ours along its first axis, as an array of the sizes `seen`
  // (of its own where these are empty), whose blocks and whose axes are put in another order.
  struct Place {
    std::string ours, theirs;
    std::string arrow;  // "oihw -> hwio": the letters of our axes in the order there; empty: as it is
    int64_t part = 0, parts = 1;
    std::vector<int64_t> seen;
    std::vector<int64_t> blocks{};  // our numbers of equal blocks along the first axis, in their order there
    int64_t row = 0, rows = 1;      // one of so many along a new first axis; others of ours are the others
    bool added = false;             // to another of ours that is there; read back it is 0
    std::vector<int64_t> whole{};   // sizes of all that lies there, of as many elements, where they are others
  };

  std::string target;                // "pytorch"
  std::string module;                // what makes it: "nn.Linear({in}, {out_features}, bias={bias|True})"
  std::vector<std::string> chain{};  // in its place what makes several, each called with what the one before gives
  std::string call;                  // what applies it: "{self}({x})"
  std::string plain;  // the same without an object, where it has no parameters: "torch.relu({x})"; may be empty
  Wants wants = Wants::any;
  std::vector<Place> tensors{};  // none: under our names, as they are

  Twin& called(std::string text);
  Twin& plainly(std::string text);
  Twin& first();  // wants its channels first
  Twin& last();
  Twin& tensor(std::string ours, std::string theirs, std::string arrow = {});
  // Of the tensor that was said last.
  Twin& part(int64_t part, int64_t parts);
  Twin& seen(std::vector<int64_t> sizes);
  Twin& blocks(std::vector<int64_t> order);
  Twin& row(int64_t row, int64_t rows);
  Twin& added();
  Twin& whole(std::vector<int64_t> sizes);
};

// In a template {key} is the value of the layer's key as Python has it, {in} the size of the first input's last axis,
// {self} the object, {x}, {x1}, {x2} … its inputs. An argument written NAME={key|DEFAULT} is left out where it has this
// value. For Keras an argument without a keyword is written NAME:{key}: in a model's file it has this name.
class Twins {
 public:
  Twins(std::vector<Type> inputs, Type output) : inputs(std::move(inputs)), output(std::move(output)) {}

  Twin& pytorch(std::string module);
  Twin& keras(std::string module);  // of tensors whose channels are last, as ours
  // Several of Keras's layers: of "rnn" they are "rnn.0", "rnn.1" …, and tensors of theirs "1/kernel".
  Twin& keras_chain(std::vector<std::string> modules);
  Twin& flax(std::string module);  // of linen; channels are last likewise
  // Where tensors lie in a file of ONNX that an export wrote; those that are not named lie under our names, as they
  // are.
  Twin& onnx();
  // Of a layer that is an expression: "{x} + {x1}".
  Twin& pytorch_expression(std::string text);
  Twin& flax_expression(std::string text);
  // What {name} stands for, beside or in the place of a key.
  void say(const std::string& name, std::string text) { said_[name] = std::move(text); }

  const Twin* find(const std::string& target) const;  // null where the layer says nothing
  const std::deque<Twin>& all() const { return twins_; }
  const std::map<std::string, std::string>& said() const { return said_; }

  const std::vector<Type> inputs;  // [batch, …]
  const Type output;
  const Shape& x() const { return inputs[0].shape; }

 private:
  std::deque<Twin> twins_;
  std::map<std::string, std::string> said_;
};

}  // namespace dl
