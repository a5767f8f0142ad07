// Loading cuDNN, and its convolutions.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/cudnn.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/device/cuda/convolution_plan.h"
#include "lib/device/cuda/library.h"

namespace dl::cuda {
namespace {

constexpr int64_t most_workspace_bytes = int64_t{1} << 30;
constexpr int64_t most_configs = 64;  // that are asked for
constexpr int64_t alignment = 16;     // of every tensor, bytes

enum Tensor : int64_t { tensor_x = 1, tensor_weight, tensor_y };

// Sizes of a tensor in the library's order, [first, last, axes …], and elements from one to the next, as it lies: the
// last innermost. A sequence is an image of one row.
struct Sizes {
  std::vector<int64_t> sizes, strides;
  Sizes(int64_t first, int64_t last, std::vector<int64_t> axes) : sizes{first, last} {
    if (axes.size() == 1) axes.insert(axes.begin(), 1);
    sizes.insert(sizes.end(), axes.begin(), axes.end());
    strides.resize(sizes.size());
    int64_t step = last;
    strides[1] = 1;
    for (size_t i = sizes.size() - 1; i >= 2; --i) {
      strides[i] = step;
      step *= sizes[i];
    }
    strides[0] = step;
  }
};

CudnnDescriptor tensor(const Cudnn& cudnn, Tensor id, const Sizes& sizes, bool bf16) {
  CudnnDescriptor d(cudnn, Cudnn::tensor_type);
  d.tell(Cudnn::tensor_data_type, Cudnn::of_data_type, bf16 ? Cudnn::data_bf16 : Cudnn::data_f32)
      .tell(Cudnn::tensor_sizes, sizes.sizes)
      .tell(Cudnn::tensor_strides, sizes.strides)
      .tell(Cudnn::tensor_id, int64_t{id})
      .tell(Cudnn::tensor_alignment, alignment)
      .end();
  return d;
}

Sizes sizes_of(const Shape& shape) {
  return {shape[0], shape.last(), {shape.sizes().begin() + 1, shape.sizes().end() - 1}};
}

// A window's numbers along its axes; those of the row that a sequence lies in come first.
std::vector<int64_t> along(const Window& window, const Window::Axes& numbers, int64_t of_one_row) {
  std::vector<int64_t> all(numbers.begin(), numbers.begin() + window.rank);
  if (window.rank == 1) all.insert(all.begin(), of_one_row);
  return all;
}

CudnnDescriptor convolution(const Cudnn& cudnn, const Window& w) {
  CudnnDescriptor d(cudnn, Cudnn::convolution_type);
  d.tell(Cudnn::convolution_computes_in, Cudnn::of_data_type, Cudnn::data_f32)
      .tell(Cudnn::convolution_mode, Cudnn::of_convolution_mode, Cudnn::cross_correlation)
      .tell(Cudnn::convolution_axes, static_cast<int64_t>(std::max(w.rank, 2)))
      .tell(Cudnn::convolution_dilations, along(w, w.dilation, 1))
      .tell(Cudnn::convolution_strides, along(w, w.stride, 1))
      .tell(Cudnn::convolution_pre_paddings, along(w, w.pad_before, 0))
      .tell(Cudnn::convolution_post_paddings, along(w, w.pad_after, 0))
      .end();
  return d;
}

// How the attributes of an operation are called.
struct Names {
  Cudnn::Type type;
  Cudnn::Attribute x, weight, y, convolution, alpha, beta;
};
Names names_of(CudnnConvolution::Makes makes) {
  switch (makes) {
    case CudnnConvolution::Makes::y: break;
    case CudnnConvolution::Makes::dx:
      return {Cudnn::backward_data_type, Cudnn::backward_data_dx,          Cudnn::backward_data_w,
              Cudnn::backward_data_dy,   Cudnn::backward_data_convolution, Cudnn::backward_data_alpha,
              Cudnn::backward_data_beta};
    case CudnnConvolution::Makes::dw:
      return {Cudnn::backward_filter_type, Cudnn::backward_filter_x,           Cudnn::backward_filter_dw,
              Cudnn::backward_filter_dy,   Cudnn::backward_filter_convolution, Cudnn::backward_filter_alpha,
              Cudnn::backward_filter_beta};
  }
  return {Cudnn::forward_type,        Cudnn::forward_x,     Cudnn::forward_w,   Cudnn::forward_y,
          Cudnn::forward_convolution, Cudnn::forward_alpha, Cudnn::forward_beta};
}

}  // namespace

std::shared_ptr<const Cudnn> load_cudnn(const Library& library) {
  auto cudnn = std::make_shared<Cudnn>();
  library.load(cudnn->create, "cudnnCreate");
  library.load(cudnn->destroy, "cudnnDestroy");
  library.load(cudnn->set_stream, "cudnnSetStream");
  library.load(cudnn->error_string, "cudnnGetErrorString");
  if (library.has("cudnnGetLastErrorString")) library.load(cudnn->last_error, "cudnnGetLastErrorString");
  library.load(cudnn->create_descriptor, "cudnnBackendCreateDescriptor");
  library.load(cudnn->destroy_descriptor, "cudnnBackendDestroyDescriptor");
  library.load(cudnn->finalize, "cudnnBackendFinalize");
  library.load(cudnn->set, "cudnnBackendSetAttribute");
  library.load(cudnn->get, "cudnnBackendGetAttribute");
  library.load(cudnn->execute, "cudnnBackendExecute");
  return cudnn;
}

Cudnn::~Cudnn() {
  if (own_) destroy(own_);
}

Cudnn::Handle Cudnn::handle() const {
  if (given_) return given_;
  if (!asked_ && create(&own_) != 0) own_ = nullptr;
  asked_ = true;
  return own_;
}

std::string Cudnn::text(Status status) const {
  std::array<char, 512> message{};
  if (last_error) last_error(message.data(), message.size() - 1);
  return message[0] == '\0' ? error_string(status) : concat(error_string(status), ", ", message.data());
}

CudnnDescriptor::CudnnDescriptor(const Cudnn& cudnn, Cudnn::Type type)
    : cudnn_(&cudnn), status_(cudnn.create_descriptor(type, &descriptor_)) {}

CudnnDescriptor::~CudnnDescriptor() {
  if (descriptor_) cudnn_->destroy_descriptor(descriptor_);
}

void CudnnDescriptor::swap(CudnnDescriptor& other) {
  std::swap(cudnn_, other.cudnn_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(status_, other.status_);
}

CudnnDescriptor& CudnnDescriptor::tell(Cudnn::Attribute attribute, Cudnn::AttributeType type, int64_t elements,
                                       const void* values) {
  if (*this) status_ = cudnn_->set(descriptor_, attribute, type, elements, values);
  return *this;
}

CudnnDescriptor& CudnnDescriptor::tell(Cudnn::Attribute attribute, const std::vector<int64_t>& numbers) {
  return tell(attribute, Cudnn::of_int64, static_cast<int64_t>(numbers.size()), numbers.data());
}

CudnnDescriptor& CudnnDescriptor::tell(Cudnn::Attribute attribute, const CudnnDescriptor& other) {
  if (!other && status_ == 0) status_ = other.status_;
  return tell(attribute, Cudnn::of_descriptor, 1, &other.descriptor_);
}

CudnnDescriptor& CudnnDescriptor::end() {
  if (*this) status_ = cudnn_->finalize(descriptor_);
  return *this;
}

// Sizes, and what is to be made of them; the results are f32, whatever the factors.
CudnnConvolution::CudnnConvolution(const Cudnn& cudnn, const ConvolutionShapes& s, Makes makes)
    : cudnn_(cudnn),
      x_(tensor(cudnn, tensor_x, sizes_of(s.x), s.bf16 && makes != Makes::dx)),
      weight_(tensor(cudnn, tensor_weight,
                     {s.weight[0], s.weight[1], {s.weight.sizes().begin() + 2, s.weight.sizes().end()}},
                     s.bf16 && makes != Makes::dw)),
      y_(tensor(cudnn, tensor_y, sizes_of(s.y), s.bf16 && makes != Makes::y)),
      convolution_(convolution(cudnn, s.window)),
      operation_(cudnn, names_of(makes).type) {
  const Names names = names_of(makes);
  operation_.tell(names.x, x_)
      .tell(names.weight, weight_)
      .tell(names.y, y_)
      .tell(names.convolution, convolution_)
      .tell(names.alpha, 1.0f)
      .tell(names.beta, 0.0f)
      .end();
}

void CudnnConvolution::make_graph(const CudnnDescriptor* gpu) {
  graph_ = CudnnDescriptor(cudnn_, Cudnn::graph_type);
  if (!gpu) {
    const Cudnn::Handle handle = cudnn_.handle();
    graph_.tell(Cudnn::graph_handle, Cudnn::of_handle, 1, &handle);
  }
  graph_.tell(Cudnn::graph_operations, operation_).end();
}

std::unique_ptr<CudnnConvolution> CudnnConvolution::plan(const Cudnn& cudnn, const ConvolutionShapes& shapes,
                                                         Makes makes, const CudnnDescriptor* gpu) {
  if (!gpu && !cudnn.handle()) return nullptr;
  std::unique_ptr<CudnnConvolution> made(new CudnnConvolution(cudnn, shapes, makes));
  made->make_graph(gpu);
  return made->graph_ && made->choose(shapes, gpu) ? std::move(made) : nullptr;
}

std::string CudnnConvolution::refusal(const Cudnn& cudnn, const ConvolutionShapes& shapes, Makes makes) {
  const CudnnConvolution made(cudnn, shapes, makes);
  return made.operation_ ? "" : cudnn.text(made.operation_.status());
}

// The first way that the heuristic names, may be taken and has a plan.
bool CudnnConvolution::choose(const ConvolutionShapes& shapes, const CudnnDescriptor* gpu) {
  CudnnDescriptor heuristic(cudnn_, Cudnn::heuristic_type);
  heuristic.tell(Cudnn::heuristic_graph, graph_)
      .tell(Cudnn::heuristic_mode, Cudnn::of_heuristic_mode, Cudnn::heuristic_a);
  if (gpu) heuristic.tell(Cudnn::heuristic_gpu, *gpu);
  heuristic.end();
  if (!heuristic) return false;
  std::vector<CudnnDescriptor> configs;
  std::vector<Cudnn::Descriptor> results;
  for (int64_t i = 0; i < most_configs; ++i) {
    configs.emplace_back(cudnn_, Cudnn::engine_config_type);
    results.push_back(configs.back().descriptor());
  }
  int64_t found = 0;
  if (cudnn_.get(heuristic.descriptor(), Cudnn::heuristic_results, Cudnn::of_descriptor, most_configs, &found,
                 results.data()) != 0)
    return false;
  for (size_t i = 0; i < static_cast<size_t>(std::min(found, most_configs)); ++i) {
    if (!allowed(configs[i], shapes)) continue;
    CudnnDescriptor plan(cudnn_, Cudnn::plan_type);
    if (gpu) {
      plan.tell(Cudnn::plan_gpu, *gpu);
    } else {
      const Cudnn::Handle handle = cudnn_.handle();
      plan.tell(Cudnn::plan_handle, Cudnn::of_handle, 1, &handle);
    }
    plan.tell(Cudnn::plan_config, configs[i]).end();
    int64_t bytes = 0, elements = 0;
    if (!plan || cudnn_.get(plan.descriptor(), Cudnn::plan_workspace, Cudnn::of_int64, 1, &elements, &bytes) != 0 ||
        bytes > most_workspace_bytes)
      continue;
    config_ = std::move(configs[i]);
    plan_ = std::move(plan);
    workspace_bytes_ = bytes;
    return true;
  }
  return false;
}

bool CudnnConvolution::allowed(const CudnnDescriptor& config, const ConvolutionShapes& shapes) const {
  CudnnDescriptor engine(cudnn_, Cudnn::engine_type);
  Cudnn::Descriptor into = engine.descriptor();
  int64_t found = 0;
  if (!engine || cudnn_.get(config.descriptor(), Cudnn::config_engine, Cudnn::of_descriptor, 1, &found, &into) != 0)
    return false;
  std::array<int, Cudnn::most_notes> notes{};
  if (cudnn_.get(engine.descriptor(), Cudnn::engine_notes, Cudnn::of_numerical_note, Cudnn::most_notes, &found,
                 notes.data()) != 0)
    return false;
  return std::none_of(notes.begin(), notes.begin() + std::min<int64_t>(found, Cudnn::most_notes), [&](int note) {
    switch (note) {
      case Cudnn::nondeterministic:
      case Cudnn::reduced_precision_reduction:
      case Cudnn::winograd_tile_6x6:
      case Cudnn::winograd_tile_13x13: return true;
      case Cudnn::down_convert_inputs: return shapes.bf16 || !shapes.tf32;
      case Cudnn::tensor_core: return !shapes.bf16 && !shapes.tf32;
      default: return false;
    }
  });
}

void CudnnConvolution::run(const void* x, const void* weight, const void* y, void* workspace, Stream stream) {
  const std::array<const void*, 4> pointers = {x, weight, y, workspace};
  if (!pack_ || pointers != packed_) {
    CudnnDescriptor pack(cudnn_, Cudnn::pack_type);
    pack.tell(Cudnn::pack_ids, {tensor_x, tensor_weight, tensor_y})
        .tell(Cudnn::pack_pointers, Cudnn::of_pointer, 3, pointers.data())
        .tell(Cudnn::pack_workspace, Cudnn::of_pointer, 1, &workspace)
        .end();
    if (!pack) throw Error(Exit::failed, {.what = concat("cuDNN refuses a convolution: ", cudnn_.text(pack.status()))});
    pack_ = std::move(pack);
    packed_ = pointers;
  }
  Cudnn::Status status = cudnn_.set_stream(cudnn_.handle(), stream);
  if (status == 0) status = cudnn_.execute(cudnn_.handle(), plan_.descriptor(), pack_.descriptor());
  if (status != 0) throw Error(Exit::failed, {.what = concat("cuDNN refuses a convolution: ", cudnn_.text(status))});
}

}  // namespace dl::cuda
