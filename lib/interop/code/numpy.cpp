// Export to NumPy: model.py, the whole network as one function made of operations, and model.safetensors' twin of
// NumPy, model.npz.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/file.h"
#include "lib/interop/code/dialect.h"
#include "lib/interop/code/function_text.h"
#include "lib/interop/code/python_files.h"
#include "lib/interop/export_target.h"

namespace dl::code {
namespace {

// A function of a library of arrays.
template <const Dialect& (*dialect)()>
class ArrayFunction final : public ExportTarget {
 public:
  std::string summary() const override {
    return dialect().np == "np" ? "a function of NumPy's arrays, and its weights"
                                : "a function that JAX compiles, and its weights";
  }
  bool channels_first(const ExportOptions&) const override { return false; }

  std::vector<WrittenTensor> write(const TrainedNetwork& trained, const ExportOptions&,
                                   const std::filesystem::path& folder) const override {
    write_tensors(trained, folder / "model.npz");
    write_file_atomic(folder / "model.py", function_text(trained, dialect()));
    return as_they_are(trained.network);
  }
};

using NumPy = ArrayFunction<numpy_dialect>;
using Jax = ArrayFunction<jax_dialect>;
DL_EXPORT_TARGET(NumPy, "numpy");
DL_EXPORT_TARGET(Jax, "jax");

}  // namespace
}  // namespace dl::code
