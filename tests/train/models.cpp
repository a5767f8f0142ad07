// The networks of configs/models: of the published size, and trained for a step.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdlib>

#include "tests/paths.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

struct Published {
  const char* model;
  int64_t parameters;     // with 1000 classes at 224×224, as torchvision or the paper tells; 0: nobody does
  const char* rest = "";  // of the config, in the place of the loss of classes
  const char* shape = "[64, 64, 3]";  // of what it is trained on here
};

const Published published[] = {
    {"alexnet", 61'100'840},
    {"convnext_tiny", 28'589'128},
    {"densenet121", 7'978'856},
    {"efficientnet_b0", 5'288'548},
    {"fcn_timeseries", 0, "", "[50, 2]"},
    {"lenet5", 0, "", "[28, 28, 1]"},
    {"mlp_mixer", 18'528'264},
    {"mobilenet_v2", 3'504'872},
    {"mobilenet_v3_large", 5'483'032},
    {"resnet101", 44'549'160},
    {"resnet18", 11'689'512},
    {"resnet20", 0, "", "[32, 32, 3]"},
    {"resnet34", 21'797'672},
    {"resnet50", 25'557'032},
    {"resnet56", 0, "", "[32, 32, 3]"},
    {"resnext50", 25'028'904},
    {"shufflenet_v2", 2'278'604},
    {"squeezenet", 1'235'496},
    {"unet", 0, "loss: {mse: {target: x}}\n", "[32, 32, 3]"},
    {"vgg11", 132'863'336},
    {"vgg11_bn", 132'868'840},
    {"vgg16", 138'357'544},
    {"vgg16_bn", 138'365'992},
    {"vit_b_16", 86'567'656},
    {"vit_tiny", 5'717'416},
    {"wide_resnet50", 68'883'240},
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int64_t most_trained = 3'000'000;
#else
constexpr int64_t most_trained = int64_t{1} << 40;
#endif

std::unique_ptr<Plan> plan_of(const Folder& folder, const Published& p, const std::string& shape, int classes) {
  const bool images_of_numbers = *p.rest != 0;
  write(folder / "run.yaml",
        "data:\n  train: {format: random, shape: " + shape + ", samples: 4, classes: " + std::to_string(classes) +
            (images_of_numbers ? ", dtype: f32" : "") + "}\n  batch_size: 2\nmodel: " + source_dir() +
            "/configs/models/" + p.model + ".yaml\n" + (images_of_numbers ? p.rest : "loss: cross_entropy\n") +
            "optimizer: {sgd: {lr: 0.01}}\ntrainer: {max_steps: 1, device: cpu, threads: 2}\n");
  return plan_run(folder / "run.yaml", {});
}

}  // namespace

TEST_CASE("every network in configs/models has the published number of parameters and trains") {
  if (std::getenv("DLCLI_WALLED")) return;  // the memory of each would be guarded; the layers' tests are
  std::set<std::string> tested;
  const Folder folder;
  for (const Published& p : published) {
    CAPTURE(p.model);
    tested.insert(p.model);
    if (p.parameters > 0) CHECK(plan_of(folder, p, "[224, 224, 3]", 1000)->network->parameter_count() == p.parameters);
    const auto plan = plan_of(folder, p, p.shape, *p.rest ? 3 : 10);
    if (plan->network->parameter_count() > most_trained) continue;
    Record record;
    Trainer(*plan, {.observers = {&record}}).fit();
    REQUIRE(record.losses.size() == 1);
    CHECK(std::isfinite(record.losses[0]));
    CHECK(record.losses[0] > 0);
  }
  for (const auto& entry : std::filesystem::directory_iterator(source_dir() + "/configs/models")) {
    const std::string name = entry.path().stem();
    if (entry.is_regular_file() && name != "gpt") CHECK_MESSAGE(tested.contains(name), "no test trains ", name);
  }
}
