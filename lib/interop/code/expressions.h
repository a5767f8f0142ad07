// What the rows of the table of operations write with: an expression of Python for each value, and lines for those that
// are long or read several times.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "lib/interop/code/dialect.h"
#include "lib/interop/code/ops.h"
#include "lib/interop/code/text.h"
#include "lib/interop/program/open_graph.h"
#include "lib/interop/program/steps.h"

namespace dl::code {

// A Python number: 0.001, 1e-08, float('inf').
std::string number(double value);

// How tightly an expression holds together: what a tighter one is put around it needs no parentheses.
enum class Tie { loose, sum, product, sign, tight };

struct Expression {
  std::string text;
  Tie tie = Tie::tight;
  bool truth = false;  // True and False in the place of 1 and 0
};
// In parentheses where it does not hold together as tightly.
std::string enclosed(const Expression& e, Tie tie);

class Expressions {
 public:
  Expressions(const OpenGraph& open, const Dialect& dialect, const std::function<std::string(const Value&)>& name_of)
      : open_(open), d_(dialect), name_of_(name_of) {}

  const Dialect& dialect() const { return d_; }

  // The expression of a value, in parentheses where it does not hold together as tightly; 1 and 0 of what is true or
  // false.
  std::string in(const Value& v, Tie tie);
  // … as it is held; the name of one that was not given.
  const Expression& of(const Value& v);
  // An operand is a tensor where a function asks for one.
  std::string tensor(const Value& v);

  // A value from now on; one that is long or is read several times gets a name.
  void give(const Value& v, Expression e);
  void give_call(const Step& step, std::string text) { give(step.outputs[0], {std::move(text), Tie::tight}); }
  // … as it is, however long it is and often it is read.
  void hold(const Value& v, Expression e) { values_[{v.node, v.output}] = std::move(e); }
  std::string new_name();  // of a variable of the code
  void add_line(std::string line) { lines_.push_back(std::move(line)); }

  // A call of one of the functions that are written beside the code.
  std::string call(const std::string& function, std::vector<std::string> arguments) const;
  // Of a function of the library.
  std::string np(const std::string& function, std::vector<std::string> arguments) const;
  // "(samples, 3)"
  std::string sizes(const Shape& shape);
  // For a reshape: the batch is what is left.
  std::string sizes_but_batch(const Shape& shape);

  // All lines, and the expression of the graph's only output.
  OpsText text();

 private:
  Value batched_input() const;
  Expression as_number(const Value& v);
  std::string size(int64_t n);

  const OpenGraph& open_;
  const Dialect& d_;
  const std::function<std::string(const Value&)>& name_of_;
  std::map<std::pair<int, int>, Expression> values_;
  std::vector<std::string> lines_;
  int names_ = 0;
  bool reads_samples_ = false;
};

// Numbers as a tuple: "(2, 3)".
template <class T>
std::string tuple_of(const std::vector<T>& values) {
  std::vector<std::string> texts;
  for (const T n : values) texts.push_back(std::to_string(n));
  return tuple(texts);
}

// The step's operation, which is one of these.
template <class T>
const T& op_of(const Step& step) {
  return dynamic_cast<const T&>(*step.node->op);
}

}  // namespace dl::code
