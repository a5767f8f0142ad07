// Rows outside, columns inside; a row's sum or maximum is a pass of its own over the columns. What depends on the
// column only is computed before.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/c/loop_text.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "lib/base/error.h"
#include "lib/base/text.h"

namespace dl::c {
namespace {

using Instruction = Loop::Instruction;
using Kind = Instruction::Kind;
using Extent = Loop::Extent;

class LoopText {
 public:
  LoopText(const Loop& loop, const std::vector<std::string>& inputs, const std::vector<std::string>& outputs)
      : loop_(loop), inputs_(inputs), outputs_(outputs) {
    if (loop.rows == 1 || loop.cols > most_kept) return;
    for (const Instruction& i : loop.code)
      for (const int reg : {i.a, i.b, i.c})
        if (i.extent == Extent::full && reg >= 0 && at(reg).extent == Extent::column && at(reg).kind == Kind::map)
          kept_.insert(reg);
  }

  std::string text() {
    if (kept_.empty()) return nests();
    const std::vector<int> kept(kept_.begin(), kept_.end());
    std::string arrays, body;
    for (const int reg : kept) {
      arrays += concat("  float ", array(reg), "[", loop_.cols, "];\n");
      body += "    " + array(reg) + "[c] = " + name(reg) + ";\n";
    }
    kept_.clear();
    const std::string before = columns(kept, body, true);
    kept_ = {kept.begin(), kept.end()};
    return "{\n" + arrays + before + nests() + "}\n";
  }

 private:
  static constexpr int64_t most_kept = 4096;  // of an array on the stack

  std::string nests() {
    size_t output = 0;
    bool again = false;  // for the variances, behind the means
    std::string before, behind;
    for (const Loop::Result& result : loop_.results) {
      const std::string& y = outputs_[output++];
      const bool moments = result.kind == Loop::Result::Kind::moments, total = result.kind == Loop::Result::Kind::total;
      if (result.kind == Loop::Result::Kind::store) continue;
      const int64_t size = total ? 1 : loop_.rows / result.group * loop_.cols;
      before += zero(y, size);
      if (!moments) continue;
      again = true;
      const std::string& variance = outputs_[output++];
      behind += scale(y, size, result.group);
      before += zero(variance, size);
    }
    std::string text = before + nest(false) + behind;
    if (!again) return text;
    text += nest(true);
    output = 0;
    for (const Loop::Result& result : loop_.results) {
      const bool moments = result.kind == Loop::Result::Kind::moments;
      if (moments) text += scale(outputs_[output + 1], loop_.rows / result.group * loop_.cols, result.group);
      output += moments ? 2 : 1;
    }
    return text;
  }

  static std::string zero(const std::string& y, int64_t n) {
    return concat("memset(", y, ", 0, ", n, " * sizeof(float));\n");
  }
  static std::string scale(const std::string& y, int64_t n, int64_t group) {
    return concat("for (long i = 0; i < ", n, "; ++i) ", y, "[i] *= ", literal(1 / static_cast<double>(group)), ";\n");
  }
  const Instruction& at(int reg) const { return loop_.code[static_cast<size_t>(reg)]; }
  static bool by_column(const Instruction& i) { return i.extent == Extent::full || i.extent == Extent::column; }
  static bool reduces(const Instruction& i) { return i.kind == Kind::row_sum || i.kind == Kind::row_max; }

  std::string index(const Loop::Access& access) const {
    std::string row = "r";
    if (access.divide > 1) row = concat("r / ", access.divide);
    if (access.modulo * access.divide < loop_.rows)
      row = concat(access.divide > 1 ? "(" + row + ")" : row, " % ", access.modulo);
    switch (access.extent) {
      case Extent::full:
        return row == "r" ? concat("r * ", loop_.cols, " + c") : concat("(", row, ") * ", loop_.cols, " + c");
      case Extent::row: return row;
      case Extent::column: return "c";
      case Extent::scalar: return "0";
    }
    return {};
  }

  static std::string name(int reg) { return concat("v", reg); }
  static std::string array(int reg) { return concat("of_column", reg); }
  std::string operand(int reg) const {
    const Instruction& i = at(reg);
    return i.kind == Kind::constant ? literal(i.value) : name(reg);
  }

  std::string value(const Instruction& i) const {
    switch (i.kind) {
      case Kind::load: return inputs_[static_cast<size_t>(i.input)] + "[" + index(i.access) + "]";
      case Kind::constant: return literal(i.value);
      case Kind::iota: return "(float)c";
      case Kind::random: return "uniform()";
      case Kind::map: {
        std::vector<std::string> operands;
        for (const int reg : {i.a, i.b, i.c})
          if (static_cast<int>(operands.size()) < arity(i.function)) operands.push_back(operand(reg));
        return function_text(i.function, operands);
      }
      case Kind::row_sum:
      case Kind::row_max: break;
    }
    return {};
  }

  // The instructions inside the columns' loop that these need, in order.
  std::set<int> inside(const std::vector<int>& wanted) const {
    std::set<int> found;
    std::vector<int> left = wanted;
    while (!left.empty()) {
      const int reg = left.back();
      left.pop_back();
      if (reg < 0 || !by_column(at(reg)) || at(reg).kind == Kind::constant || !found.insert(reg).second) continue;
      if (!reduces(at(reg)) && !kept_.contains(reg))
        for (const int next : {at(reg).a, at(reg).b, at(reg).c}) left.push_back(next);
    }
    return found;
  }
  // `apart`: no turn reads what another has written.
  std::string columns(const std::vector<int>& wanted, const std::string& body, bool apart) const {
    std::string text =
        apart ? concat("  EACH(c, ", loop_.cols, ") {\n") : concat("  for (long c = 0; c < ", loop_.cols, "; ++c) {\n");
    for (const int reg : inside(wanted))
      text +=
          "    const float " + name(reg) + " = " + (kept_.contains(reg) ? array(reg) + "[c]" : value(at(reg))) + ";\n";
    return text + body + "  }\n";
  }

  std::string reduction(int reg) const {
    const Instruction& i = at(reg);
    const bool sums = i.kind == Kind::row_sum;
    const std::string x = operand(i.a), y = name(reg);
    return "  float " + y + " = " + (sums ? "0" : "-INFINITY") + ";\n" +
           columns({i.a},
                   sums ? "    " + y + " += " + x + ";\n" : "    if (" + x + " > " + y + ") " + y + " = " + x + ";\n",
                   false);
  }

  std::string nest(bool variances) {
    std::vector<int> wanted;
    std::string body, row_stores;
    bool apart = true;
    size_t output = 0;
    for (const Loop::Result& result : loop_.results) {
      const std::string& y = outputs_[output++];
      const std::string x = operand(result.source);
      const Extent extent = at(result.source).extent;
      const std::string group = concat("[r / ", std::max<int64_t>(result.group, 1), " * ", loop_.cols, " + c]");
      const bool per_column = extent == Extent::full || extent == Extent::column;
      using R = Loop::Result::Kind;
      if (result.kind == R::moments) {
        const std::string& variance = outputs_[output++];
        wanted.push_back(result.source);
        body += variances ? "    " + variance + group + " += (" + x + " - " + y + group + ") * (" + x + " - " + y +
                                group + ");\n"
                          : "    " + y + group + " += " + x + ";\n";
        continue;
      }
      if (variances) continue;
      if (result.kind == R::store && !per_column) {
        row_stores += "  " + y + (extent == Extent::row ? "[r] = " : "[0] = ") + x + ";\n";
        continue;
      }
      wanted.push_back(result.source);
      if (result.kind == R::store)
        body += "    " + y + (extent == Extent::full ? concat("[r * ", loop_.cols, " + c] = ") : "[c] = ") + x + ";\n";
      else if (result.kind == R::sum)
        body += "    " + y + group + " += " + x + ";\n";
      else if (per_column)
        body += "    " + y + "[0] += " + x + ";\n", apart = false;
      else
        row_stores += "  " + y + "[0] += " + x + ";\n", wanted.pop_back();
    }
    std::string text = concat("for (long r = 0; r < ", loop_.rows, "; ++r) {\n");
    for (int reg = 0; reg < static_cast<int>(loop_.code.size()); ++reg) {
      const Instruction& i = at(reg);
      if (i.kind == Kind::constant || (by_column(i) && !reduces(i))) continue;
      text += reduces(i) ? reduction(reg) : "  const float " + name(reg) + " = " + value(i) + ";\n";
    }
    text += row_stores;
    if (!body.empty()) text += columns(wanted, body, apart);
    return text + "}\n";
  }

  const Loop& loop_;
  const std::vector<std::string>&inputs_, &outputs_;
  std::set<int> kept_;  // registers that are computed before, one value a column
};

}  // namespace

std::string literal(double value) {
  if (std::isinf(value)) return value > 0 ? "INFINITY" : "-INFINITY";
  if (std::isnan(value)) return "NAN";
  std::string text = number_text(as_written(value));
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return value < 0 ? "(" + text + "f)" : text + "f";
}

std::string function_text(Function f, const std::vector<std::string>& in) {
  const auto call = [&](const char* name) { return name + ("(" + join(in) + ")"); };
  const auto infix = [&](const char* sign) { return "(" + in[0] + " " + sign + " " + in[1] + ")"; };
  switch (f) {
    case Function::neg: return "(-" + in[0] + ")";
    case Function::abs: return call("fabsf");
    case Function::exp: return call("expf");
    case Function::log: return call("logf");
    case Function::sqrt: return call("sqrtf");
    case Function::rsqrt: return "(1.0f / sqrtf(" + in[0] + "))";
    case Function::tanh: return call("tanhf");
    case Function::erf: return call("erff");
    case Function::sigmoid: return "(1.0f / (1.0f + expf(-" + in[0] + ")))";
    case Function::floor: return call("floorf");
    case Function::sin: return call("sinf");
    case Function::cos: return call("cosf");
    case Function::round_bf16:
    case Function::dither_bf16: return "rounded_to_bf16(" + in[0] + ")";
    case Function::gelu: return "(0.5f * " + in[0] + " * (1.0f + erff(" + in[0] + " * 0.70710678f)))";
    case Function::gelu_slope:
      return "(0.5f * (1.0f + erff(" + in[0] + " * 0.70710678f)) + " + in[0] + " * 0.39894228f * expf(-0.5f * " +
             in[0] + " * " + in[0] + "))";
    case Function::add: return infix("+");
    case Function::sub: return infix("-");
    case Function::mul: return infix("*");
    case Function::div: return infix("/");
    case Function::maximum: return call("larger");
    case Function::minimum: return call("smaller");
    case Function::pow: return call("powf");
    case Function::less: return "(float)" + infix("<");
    case Function::less_equal: return "(float)" + infix("<=");
    case Function::equal: return "(float)" + infix("==");
    case Function::where: return "(" + in[0] + " != 0 ? " + in[1] + " : " + in[2] + ")";
    case Function::fma: return "(" + in[0] + " * " + in[1] + " + " + in[2] + ")";
  }
  return {};
}

std::string loop_text(const Loop& loop, const std::vector<std::string>& inputs,
                      const std::vector<std::string>& outputs) {
  return LoopText(loop, inputs, outputs).text();
}

}  // namespace dl::c
