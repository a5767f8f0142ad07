// Descriptors as tables of what they were told, convolutions as loops.
// SPDX-License-Identifier: Apache-2.0
#include "tests/device/cuda/emulated_cudnn.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>

#include "lib/base/bf16.h"
#include "lib/base/error.h"
#include "tests/device/cuda/undefined.h"

namespace dl::cuda {

struct CudnnHandle {
  EmulatedCudnn how;
  Stream stream = nullptr;
};

namespace {

constexpr Cudnn::Status bad_parameter = 2000, not_supported = 3000, execution_failed = 5000;

[[noreturn]] void undefined(const std::string& what) { throw Undefined("cuDNN: " + what); }

struct Described {
  int type = 0;
  bool final = false;
  std::map<int, std::vector<std::byte>> told;
  Cudnn::Handle handle = nullptr;  // of an engine, its config and its plan
  int engine = -1;

  const EmulatedEngine& way() const { return handle->how.engines[static_cast<size_t>(engine)]; }

  template <class T>
  std::vector<T> all(int attribute) const {
    const auto found = told.find(attribute);
    if (found == told.end()) undefined(concat("descriptor ", type, " was not told ", attribute));
    std::vector<T> values(found->second.size() / sizeof(T));
    std::memcpy(values.data(), found->second.data(), values.size() * sizeof(T));
    return values;
  }
  template <class T>
  T one(int attribute) const {
    const std::vector<T> values = all<T>(attribute);
    if (values.size() != 1) undefined(concat(values.size(), " values of attribute ", attribute));
    return values[0];
  }
  const Described& of(int attribute) const;
};

Described& described(Cudnn::Descriptor d) {
  if (!d) undefined("no descriptor");
  return *static_cast<Described*>(d);
}
const Described& Described::of(int attribute) const {
  const Described& other = described(one<Cudnn::Descriptor>(attribute));
  if (!other.final) undefined(concat("a descriptor that is not final for attribute ", attribute));
  return other;
}

// Which type each attribute's values have, and of which descriptor it is (docs of the graph API).
struct Rule {
  int descriptor, attribute, type;
};
constexpr Rule rules[] = {{1, 100, 1},   {1, 101, 7},   {1, 102, 3},   {1, 103, 3},   {1, 104, 3},   {1, 105, 3},
                          {1, 106, 3},   {4, 200, 8},   {4, 201, 15},  {5, 400, 0},   {5, 401, 15},  {10, 700, 4},
                          {10, 701, 4},  {10, 702, 15}, {10, 703, 15}, {10, 704, 15}, {10, 705, 15}, {12, 706, 4},
                          {12, 707, 4},  {12, 708, 15}, {12, 709, 15}, {12, 710, 15}, {12, 711, 15}, {11, 712, 4},
                          {11, 713, 4},  {11, 714, 15}, {11, 715, 15}, {11, 716, 15}, {11, 717, 15}, {15, 800, 0},
                          {15, 801, 15}, {17, 900, 3},  {17, 901, 1},  {17, 902, 3},  {17, 903, 3},  {17, 906, 3},
                          {16, 1000, 3}, {16, 1001, 6}, {16, 1003, 6}};

size_t bytes_of(int type) {
  switch (type) {
    case Cudnn::of_int64: return 8;
    case Cudnn::of_handle:
    case Cudnn::of_pointer:
    case Cudnn::of_descriptor: return sizeof(void*);
    default: return 4;
  }
}

Cudnn::Status create_descriptor(int type, Cudnn::Descriptor* made) {
  *made = new Described{.type = type};
  return 0;
}
Cudnn::Status destroy_descriptor(Cudnn::Descriptor d) {
  delete &described(d);
  return 0;
}
Cudnn::Status set(Cudnn::Descriptor to, int attribute, int type, int64_t elements, const void* values) {
  Described& d = described(to);
  if (d.final) undefined(concat("attribute ", attribute, " of a descriptor that is final"));
  const bool known = std::ranges::any_of(
      rules, [&](const Rule& r) { return r.descriptor == d.type && r.attribute == attribute && r.type == type; });
  if (!known || elements < 1) undefined(concat("attribute ", attribute, " of type ", type, " of descriptor ", d.type));
  std::vector<std::byte>& bytes = d.told[attribute];
  bytes.resize(static_cast<size_t>(elements) * bytes_of(type));
  std::memcpy(bytes.data(), values, bytes.size());
  return 0;
}

// ---- a convolution ----

struct Tensor {
  int64_t id;
  bool bf16;
  std::vector<int64_t> sizes, strides;
  void* data = nullptr;

  explicit Tensor(const Described& d)
      : id(d.one<int64_t>(Cudnn::tensor_id)),
        bf16(d.one<int>(Cudnn::tensor_data_type) == Cudnn::data_bf16),
        sizes(d.all<int64_t>(Cudnn::tensor_sizes)),
        strides(d.all<int64_t>(Cudnn::tensor_strides)) {}
  int64_t at(int64_t first, int64_t second, const std::vector<int64_t>& place) const {
    int64_t index = first * strides[0] + second * strides[1];
    for (size_t i = 0; i < place.size(); ++i) index += place[i] * strides[i + 2];
    return index;
  }
  float operator[](int64_t i) const {
    return bf16 ? float_of_bf16(static_cast<const uint16_t*>(data)[i]) : static_cast<const float*>(data)[i];
  }
};

struct Convolving {
  int type;
  Tensor x, weight, y;
  std::vector<int64_t> dilations, strides, before, after;

  explicit Convolving(const Described& operation);
  bool makes_y() const { return type == Cudnn::forward_type; }
  bool makes_dx() const { return type == Cudnn::backward_data_type; }
  bool fits() const;
  void run() const;
};

Convolving::Convolving(const Described& o)
    : type(o.type),
      x(o.of(makes_y()    ? 704
             : makes_dx() ? 710
                          : 716)),
      weight(o.of(makes_y()    ? 703
                  : makes_dx() ? 709
                               : 715)),
      y(o.of(makes_y()    ? 705
             : makes_dx() ? 711
                          : 717)) {
  const Described& c = o.of(makes_y() ? 702 : makes_dx() ? 708 : 714);
  if (o.one<float>(makes_y()    ? 700
                   : makes_dx() ? 706
                                : 712) != 1 ||
      o.one<float>(makes_y()    ? 701
                   : makes_dx() ? 707
                                : 713) != 0)
    undefined("factors other than 1 and 0");
  if (c.one<int>(Cudnn::convolution_computes_in) != Cudnn::data_f32 ||
      c.one<int>(Cudnn::convolution_mode) != Cudnn::cross_correlation)
    undefined("a convolution that is turned, or not of f32");
  if (c.one<int64_t>(Cudnn::convolution_axes) != static_cast<int64_t>(x.sizes.size()) - 2) undefined("other axes");
  dilations = c.all<int64_t>(Cudnn::convolution_dilations);
  strides = c.all<int64_t>(Cudnn::convolution_strides);
  before = c.all<int64_t>(Cudnn::convolution_pre_paddings);
  after = c.all<int64_t>(Cudnn::convolution_post_paddings);
}

bool Convolving::fits() const {
  const size_t axes = x.sizes.size() - 2;
  if (axes < 2 || weight.sizes.size() != axes + 2 || y.sizes.size() != axes + 2 || dilations.size() != axes ||
      strides.size() != axes || before.size() != axes || after.size() != axes)
    return false;
  for (size_t i = 0; i < axes; ++i) {
    const int64_t room = x.sizes[i + 2] + before[i] + after[i] - dilations[i] * (weight.sizes[i + 2] - 1) - 1;
    if (room < 0 || room / strides[i] + 1 != y.sizes[i + 2]) return false;
  }
  const int64_t groups = x.sizes[1] / weight.sizes[1];
  return x.sizes[0] == y.sizes[0] && y.sizes[1] == weight.sizes[0] && groups * weight.sizes[1] == x.sizes[1] &&
         y.sizes[1] % groups == 0;
}

// Every place of the axes of `sizes`.
template <class F>
void for_each_place(const std::vector<int64_t>& sizes, F f) {
  std::vector<int64_t> place(sizes.size() - 2, 0);
  for (;;) {
    f(place);
    size_t axis = place.size();
    while (axis > 0 && ++place[axis - 1] == sizes[axis + 1]) place[--axis] = 0;
    if (axis == 0) return;
  }
}

void Convolving::run() const {
  const Tensor& made = makes_y() ? y : makes_dx() ? x : weight;
  int64_t elements = 1;
  for (const int64_t size : made.sizes) elements *= size;
  std::vector<double> sums(static_cast<size_t>(elements), 0);
  const int64_t groups = x.sizes[1] / weight.sizes[1], depth = weight.sizes[1], width = weight.sizes[0] / groups;
  for (int64_t image = 0; image < x.sizes[0]; ++image) {
    for_each_place(y.sizes, [&](const std::vector<int64_t>& to) {
      for_each_place(weight.sizes, [&](const std::vector<int64_t>& tap) {
        std::vector<int64_t> from(to.size());
        for (size_t i = 0; i < to.size(); ++i) {
          from[i] = to[i] * strides[i] + tap[i] * dilations[i] - before[i];
          if (from[i] < 0 || from[i] >= x.sizes[i + 2]) return;
        }
        const int64_t of_x = x.at(image, 0, from), of_y = y.at(image, 0, to), of_tap = weight.at(0, 0, tap);
        for (int64_t o = 0; o < weight.sizes[0]; ++o) {
          const int64_t y_at = of_y + o * y.strides[1];
          for (int64_t d = 0; d < depth; ++d) {
            const int64_t x_at = of_x + (o / width * depth + d) * x.strides[1],
                          w_at = of_tap + o * weight.strides[0] + d * weight.strides[1];
            if (makes_y()) {
              sums[static_cast<size_t>(y_at)] += double{x[x_at]} * weight[w_at];
            } else if (makes_dx()) {
              sums[static_cast<size_t>(x_at)] += double{y[y_at]} * weight[w_at];
            } else {
              sums[static_cast<size_t>(w_at)] += double{x[x_at]} * y[y_at];
            }
          }
        }
      });
    });
  }
  for (int64_t i = 0; i < elements; ++i)
    static_cast<float*>(made.data)[i] = static_cast<float>(sums[static_cast<size_t>(i)]);
}

// ---- the library's functions ----

Cudnn::Status finalize(Cudnn::Descriptor of) {
  Described& d = described(of);
  if (d.final) undefined("a descriptor that is final already");
  switch (d.type) {
    case Cudnn::tensor_type: {
      const Tensor tensor(d);
      if (tensor.sizes.size() != tensor.strides.size() || tensor.sizes.size() < 4) return bad_parameter;
      d.one<int64_t>(Cudnn::tensor_alignment);
      break;
    }
    case Cudnn::forward_type:
    case Cudnn::backward_data_type:
    case Cudnn::backward_filter_type:
      if (!Convolving(d).fits()) return bad_parameter;
      break;
    case Cudnn::graph_type:
      d.of(Cudnn::graph_operations);
      d.one<Cudnn::Handle>(Cudnn::graph_handle);
      break;
    case Cudnn::heuristic_type:
      d.of(Cudnn::heuristic_graph);
      d.one<int>(Cudnn::heuristic_mode);
      break;
    case Cudnn::plan_type: {
      const Described& config = described(d.one<Cudnn::Descriptor>(Cudnn::plan_config));
      d.one<Cudnn::Handle>(Cudnn::plan_handle);
      d.handle = config.handle;
      d.engine = config.engine;
      if (d.engine < 0) undefined("a plan of no engine");
      if (!d.way().has_plan) return not_supported;
      break;
    }
    default: break;
  }
  d.final = true;
  return 0;
}

Cudnn::Status get(Cudnn::Descriptor of, int attribute, int type, int64_t wanted, int64_t* elements, void* values) {
  const Described& d = described(of);
  if (attribute == Cudnn::heuristic_results && type == Cudnn::of_descriptor && d.final) {
    const auto handle = d.of(Cudnn::heuristic_graph).one<Cudnn::Handle>(Cudnn::graph_handle);
    const std::vector<EmulatedEngine>& engines = handle->how.engines;
    *elements = std::min(wanted, static_cast<int64_t>(engines.size()));
    for (int i = 0; i < *elements; ++i) {
      Described& config = described(static_cast<Cudnn::Descriptor*>(values)[i]);
      if (config.type != Cudnn::engine_config_type) undefined("results into another descriptor");
      config.handle = handle;
      config.engine = i;
      config.told[Cudnn::heuristic_graph] = d.told.at(Cudnn::heuristic_graph);
    }
  } else if (attribute == Cudnn::config_engine && type == Cudnn::of_descriptor && d.engine >= 0 && wanted == 1) {
    Described& engine = described(*static_cast<Cudnn::Descriptor*>(values));
    if (engine.type != Cudnn::engine_type) undefined("an engine into another descriptor");
    engine.handle = d.handle;
    engine.engine = d.engine;
    *elements = 1;
  } else if (attribute == Cudnn::engine_notes && type == Cudnn::of_numerical_note && d.engine >= 0) {
    const std::vector<int>& notes = d.way().notes;
    *elements = static_cast<int64_t>(notes.size());
    std::copy_n(notes.begin(), std::min(wanted, *elements), static_cast<int*>(values));
  } else if (attribute == Cudnn::plan_workspace && type == Cudnn::of_int64 && d.final && wanted == 1) {
    *static_cast<int64_t*>(values) = d.way().workspace_bytes;
    *elements = 1;
  } else {
    undefined(concat("attribute ", attribute, " of type ", type, " asked of descriptor ", d.type));
  }
  return 0;
}

Cudnn::Status execute(Cudnn::Handle handle, Cudnn::Descriptor plan, Cudnn::Descriptor pack) {
  const Described &p = described(plan), &variables = described(pack);
  if (!p.final || !variables.final) undefined("a run of what is not final");
  const Described& config = described(p.one<Cudnn::Descriptor>(Cudnn::plan_config));
  Convolving convolving(config.of(Cudnn::heuristic_graph).of(Cudnn::graph_operations));
  const auto ids = variables.all<int64_t>(Cudnn::pack_ids);
  const auto pointers = variables.all<void*>(Cudnn::pack_pointers);
  auto* workspace = variables.one<std::byte*>(Cudnn::pack_workspace);
  if (ids.size() != pointers.size()) undefined("as many pointers as tensors are wanted");
  for (Tensor* tensor : {&convolving.x, &convolving.weight, &convolving.y}) {
    const auto found = std::ranges::find(ids, tensor->id);
    if (found == ids.end()) undefined(concat("no pointer for tensor ", tensor->id));
    tensor->data = pointers[static_cast<size_t>(found - ids.begin())];
    if (reinterpret_cast<uintptr_t>(tensor->data) % 16 != 0) undefined("a tensor that is not aligned");
  }
  const int64_t bytes = p.way().workspace_bytes;
  if (!p.way().runs) return execution_failed;
  if (handle->how.taken) handle->how.taken->push_back(p.engine);
  const auto work = [convolving, workspace, bytes] {
    std::fill_n(workspace, bytes, std::byte{0xEE});
    convolving.run();
  };
  handle->how.begin ? handle->how.begin(handle->stream, work) : work();
  return 0;
}

Cudnn::Status create(Cudnn::Handle*) { undefined("a handle of its own"); }
Cudnn::Status destroy(Cudnn::Handle) { undefined("the end of a handle that is not its own"); }
Cudnn::Status set_stream(Cudnn::Handle handle, Stream stream) {
  handle->stream = stream;
  return 0;
}
const char* error_string(Cudnn::Status status) { return status == execution_failed ? "EXECUTION_FAILED" : "ANOTHER"; }

void last_error(char* message, size_t bytes) { std::snprintf(message, bytes, "no room"); }

}  // namespace

std::shared_ptr<const Cudnn> emulated_cudnn(EmulatedCudnn how) {
  auto* handle = new CudnnHandle{std::move(how)};
  std::shared_ptr<Cudnn> cudnn(new Cudnn, [handle](const Cudnn* made) {
    delete made;
    delete handle;
  });
  cudnn->create = create;
  cudnn->destroy = destroy;
  cudnn->set_stream = set_stream;
  cudnn->error_string = error_string;
  cudnn->last_error = last_error;
  cudnn->create_descriptor = create_descriptor;
  cudnn->destroy_descriptor = destroy_descriptor;
  cudnn->finalize = finalize;
  cudnn->set = set;
  cudnn->get = get;
  cudnn->execute = execute;
  cudnn->use(handle);
  return cudnn;
}

}  // namespace dl::cuda
