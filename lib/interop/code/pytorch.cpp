// Export to PyTorch: model.py, as a user of PyTorch writes it, and model.safetensors.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/interop/code/dialect.h"
#include "lib/interop/code/python_files.h"
#include "lib/interop/code/pytorch_module.h"
#include "lib/interop/code/text.h"
#include "lib/interop/export_target.h"
#include "lib/interop/training_state.h"

namespace dl::code {
namespace {

class PyTorch final : public ExportTarget {
 public:
  std::string summary() const override { return "model.py, a torch.nn.Module, and its weights"; }
  bool channels_first(const ExportOptions&) const override { return true; }
  Training training() const override { return Training::moment; }

  std::vector<WrittenTensor> write(const TrainedNetwork& trained, const ExportOptions& options,
                                   const std::filesystem::path& folder) const override {
    write_tensors(trained, folder / "model.safetensors");
    if (trained.training) write_torch_file(folder / "optimizer.pt", optimizer_state_dict(*trained.training));
    write_file_atomic(folder / "model.py", module_text(trained, options));
    return as_they_are(trained.network);
  }

 private:
  static std::string module_text(const TrainedNetwork& trained, const ExportOptions& options) {
    const PyTorchModule module = pytorch_module(trained, options.twins);
    std::string text = head(trained, "as a PyTorch module", true);
    if (module.classes.find("OrderedDict(") != std::string::npos) text += "from collections import OrderedDict\n";
    text +=
        "from pathlib import Path\n\nimport numpy as np\nimport torch\nfrom safetensors.torch import load_file\nfrom "
        "torch import nn\n";
    const std::string functions = functions_called(torch_dialect(), module.classes);
    if ((functions + module.classes).find("F.") != std::string::npos) text += "from torch.nn import functional as F\n";
    text += "\nHERE = Path(__file__).parent\nINPUTS = " + input_names(trained.network) + "\n";
    text += functions.empty() ? "" : "\n" + indented(functions, 0);
    text += module.classes;
    std::vector<std::string> tied;
    for (const std::string& name : module.tied) tied.push_back("'" + name + "'");
    text += fill(R"(

def load(path=HERE / "model.safetensors"):
    """The trained network, ready to evaluate."""
    net = {net}()
    missing, unexpected = net.load_state_dict(load_file(path), strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked"){tied}]
    if missing or unexpected:
        raise ValueError(f"{path}: missing {missing}, unexpected {unexpected}")
    return net.eval()


def predict(inputs):
    """What the network gives for NumPy arrays, by the names of the inputs."""
    with torch.no_grad():
        return load()(*[torch.from_numpy(inputs[name]) for name in INPUTS]).numpy()
)",
                 {{"net", module.net}, {"tied", tied.empty() ? "" : " and name not in " + tuple(tied)}});
    return text + check_at_end();
  }
};

DL_EXPORT_TARGET(PyTorch, "pytorch");

}  // namespace
}  // namespace dl::code
