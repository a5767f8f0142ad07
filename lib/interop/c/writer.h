// What the rows of C's table of operations write with.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lib/interop/c/places.h"
#include "lib/interop/program/trained_network.h"

namespace dl::c {

// How a parameter lies in the file of weights: as it is; or so that loops run over its outputs, in rows that are filled
// up with zeros.
enum class Lie {
  as_it_is,
  matrix_transposed /* [n, k] as [k, wide(n)] */,
  kernel_last /* [o, c, places …] as [places …, c, wide(o)] */
};

// The elements of a row of so many outputs.
constexpr int64_t wide(int64_t n) { return (n + 7) / 8 * 8; }

class Writer {
 public:
  Writer(const TrainedNetwork& trained, const Graph& graph, const Places& places)
      : trained_(trained), graph_(graph), places_(places) {}

  // An expression for the value's first element.
  std::string pointer(const Value& v);
  // A pointer to a parameter that lies so; to one that is computed, laid out so by a statement before.
  std::string laid(const Value& v, Lie lie);
  void call(const std::string& function, const std::vector<std::string>& arguments);
  void statement(const std::string& text) { body_ += text; }
  const std::string& body() const { return body_; }

  const Tensor* tensor_of(const Value& v) const { return dl::tensor_of(trained_.network, v); }
  bool is_input(const Value& v) const;

  struct Stored {
    const Tensor* tensor;
    Lie lie;
    int64_t offset;
  };
  const std::vector<Stored>& stored() const { return stored_; }
  int64_t stored_elements() const { return stored_elements_; }
  // A tensor's values as they are stored, and how many these are.
  static int64_t stored_elements(const Shape& shape, Lie lie);
  static std::vector<float> as_stored(const std::vector<float>& values, const Shape& shape, Lie lie);
  int64_t scratch_elements() const { return scratch_; }  // for what is laid out by statements
  int64_t whole_elements() const { return whole_; }      // of the array of whole numbers, at the places of `memory`

 private:
  const TrainedNetwork& trained_;
  const Graph& graph_;
  const Places& places_;
  std::string body_;
  std::map<std::pair<std::string, Lie>, int64_t> offsets_;
  std::vector<Stored> stored_;
  int64_t stored_elements_ = 0, scratch_ = 0, whole_ = 0;
};

using Row = void (*)(Writer&, const GraphNode&, const std::vector<Value>& outputs);
// Of all operations that the evaluation of a network has after fusing.
const std::map<std::string_view, Row>& rows();

// Functions of the C text by name.
const std::map<std::string_view, std::string_view>& functions();

}  // namespace dl::c
