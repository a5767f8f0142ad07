// Export to Flax: model.py, a module of linen as a user of Flax writes it, and model.msgpack, its variables. Linen, not
// nnx: its variables are a plain tree of arrays, which flax.serialization writes as MessagePack.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/interop/code/dialect.h"
#include "lib/interop/code/flax_module.h"
#include "lib/interop/code/text.h"
#include "lib/interop/export_target.h"

namespace dl::code {
namespace {

class Flax final : public ExportTarget {
 public:
  std::string summary() const override { return "model.py, a module of Flax's linen, and its variables"; }
  bool channels_first(const ExportOptions&) const override { return false; }

  std::vector<WrittenTensor> write(const TrainedNetwork& trained, const ExportOptions& options,
                                   const std::filesystem::path& folder) const override {
    for (const ModelItem& item : trained.items)
      if (item.path == "params")  // apply() takes {"params": {"params": …}} for a mistake
        throw Error(Exit::usage, Problem{.path = item.label,
                                         .what = "an item is named 'params', as Flax names all that is trained",
                                         .help = "name it otherwise"});
    const FlaxModule module = flax_module(trained, options.twins);
    write_arrays(folder / "model.msgpack", module.tensors.arrays());
    const std::string functions = functions_called(jax_dialect(), module.classes), code = functions + module.classes;
    std::string text = head(trained, "as a module of Flax's linen", false);
    if (code.find("math.") != std::string::npos) text += "import math\n";
    text += "from pathlib import Path\n\nimport jax\n";
    if (code.find("jnp.") != std::string::npos) text += "import jax.numpy as jnp\n";
    text += "import numpy as np\nfrom flax import linen as nn\nfrom flax import serialization\n";
    text += "\nHERE = Path(__file__).parent\nINPUTS = " + input_names(trained.network) + "\n";
    text += (functions.empty() ? "" : "\n" + functions) + module.classes;
    text += fill(R"(

def load(path=HERE / "model.msgpack"):
    """The trained network's variables: 'params', and 'batch_stats' where it has running averages."""
    return serialization.msgpack_restore(path.read_bytes())


def predict(inputs):
    """What the network gives for NumPy arrays, by the names of the inputs."""
    return np.asarray(jax.jit({net}().apply)(load(), *[inputs[name] for name in INPUTS]))
)",
                 {{"net", module.net}});
    write_file_atomic(folder / "model.py", text + check_at_end());
    return module.tensors.written();
  }
};

DL_EXPORT_TARGET(Flax, "flax");

}  // namespace
}  // namespace dl::code
