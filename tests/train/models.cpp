// The networks of configs/models: of the published size, and trained for a step; and configs/recipes, which learn.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdlib>

#include "tests/paths.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

enum class Given {
  classes,  // bytes of a shape, of a class
  image,    // numbers of a shape, which are what shall come out
  number,   // numbers of a shape, with a number
  boxes,    // images with boxes
  table,    // a table of two numbers and two categories, of a class of two
};

struct NetworkCase {
  const char* model;
  int64_t
      parameters;  // with 1000 classes (3 where an image comes out) at 224×224, as torchvision tells; 0: nobody does
  Given given = Given::classes;
  const char* shape = "[64, 64, 3]";  // of what it is trained on here
  const char* loss = "loss: cross_entropy\n";
};

const char* const rebuilt = "loss: {mse: {target: x}}\n";
const char* const one_logit = "loss: bce_with_logits\n";

const NetworkCase network_cases[] = {
    {"alexnet", 61'100'840},
    {"autoencoder", 0, Given::image, "[28, 28, 1]", rebuilt},
    {"convnext_tiny", 28'589'128},
    {"deepfm", 0, Given::table, "", one_logit},
    {"densenet121", 7'978'856},
    {"dlrm", 0, Given::table, "", one_logit},
    {"efficientnet_b0", 5'288'548},
    {"fcn_resnet50", 32'947'779, Given::image, "[32, 32, 3]", rebuilt},
    {"fcn_timeseries", 0, Given::classes, "[50, 2]"},
    {"ft_transformer", 0, Given::table, ""},
    {"lenet5", 0, Given::classes, "[28, 28, 1]"},
    {"linear", 0, Given::number, "[5]", "loss: mse\n"},
    {"logistic", 0, Given::classes, "[5]"},
    {"mlp", 0, Given::classes, "[5]"},
    {"mlp_mixer", 18'528'264},
    {"mobilenet_v2", 3'504'872},
    {"mobilenet_v3_large", 5'483'032},
    {"resnet101", 44'549'160},
    {"resnet18", 11'689'512},
    {"resnet20", 0, Given::classes, "[32, 32, 3]"},
    {"resnet34", 21'797'672},
    {"resnet50", 25'557'032},
    {"resnet56", 0, Given::classes, "[32, 32, 3]"},
    {"resnext50", 25'028'904},
    {"segnet", 0, Given::image, "[32, 32, 3]", rebuilt},
    {"shufflenet_v2", 2'278'604},
    {"squeezenet", 1'235'496},
    {"ssd_small", 0, Given::boxes, "", "loss: ssd\n"},
    {"swin_tiny", 28'288'354},
    {"tab_transformer", 0, Given::table, ""},
    {"unet", 0, Given::image, "[32, 32, 3]", rebuilt},
    {"vae", 0, Given::image, "[8, 8, 1]",
     "losses:\n  rebuilt: {bce_with_logits: {output: image, target: x}}\n"
     "  code: {kl_normal: {output: mean, logvar: logvar}, weight: 0.01}\n"},
    {"vgg11", 132'863'336},
    {"vgg11_bn", 132'868'840},
    {"vgg16", 138'357'544},
    {"vgg16_bn", 138'365'992},
    {"vit_b_16", 86'567'656},
    {"vit_tiny", 5'717'416},
    {"wide_and_deep", 0, Given::table, ""},
    {"wide_resnet50", 68'883'240},
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int64_t most_trained = 3'000'000;
#else
constexpr int64_t most_trained = int64_t{1} << 40;
#endif

std::string data_of(const NetworkCase& network, const std::string& shape, int classes) {
  const std::string random = "{format: random, samples: 4, shape: " + shape;
  switch (network.given) {
    case Given::classes: return random + ", classes: " + std::to_string(classes) + "}";
    case Given::image: return random + ", dtype: f32, classes: " + std::to_string(classes) + "}";
    case Given::boxes: return "tiny_scenes";
    case Given::number: return random + ", dtype: f32, targets: 1}";
    case Given::table:
      return "{format: csv, path: table.csv, target: {column: sold, as: class}, columns: {town: {as: index}, kind: "
             "{as: "
             "index}}}";
  }
  return "";
}

std::unique_ptr<Plan> plan_of(const Folder& folder, const NetworkCase& network, const std::string& shape, int classes) {
  write(folder / "table.csv",
        "rooms,price,town,kind,sold\n1,2.5,Ulm,a,0\n2,1.5,Bonn,b,1\n4,3.5,Ulm,b,1\n3,0.5,Kiel,a,0\n");
  write(folder / "run.yaml", "data:\n  train: " + data_of(network, shape, classes) + "\n  batch_size: 2\nmodel: " +
                                 source_dir() + "/configs/models/" + network.model + ".yaml\n" + network.loss +
                                 "optimizer: {sgd: {lr: 0.01}}\ntrainer: {max_steps: 1, device: cpu, threads: 2}\n");
  return plan_run(folder / "run.yaml", {});
}

}  // namespace

TEST_CASE("every network in configs/models has the published number of parameters and trains") {
  if (std::getenv("DLCLI_WALLED")) return;  // the memory of each would be guarded; the layers' tests are
  std::set<std::string> tested;
  const Folder folder;
  for (const NetworkCase& network : network_cases) {
    CAPTURE(network.model);
    tested.insert(network.model);
    const bool gives_image = network.given == Given::image;
    if (network.parameters > 0)
      CHECK(plan_of(folder, network, "[224, 224, 3]", gives_image ? 3 : 1000)->network->parameter_count() ==
            network.parameters);
    const auto plan = plan_of(folder, network, network.shape, gives_image ? 3 : 10);
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

TEST_CASE("every recipe in configs/recipes trains, and its loss falls") {
  if (std::getenv("DLCLI_WALLED")) return;
  int recipes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(source_dir() + "/configs/recipes")) {
    if (entry.path().extension() != ".yaml") continue;
    ++recipes;
    CAPTURE(entry.path().filename().string());
    const auto plan = plan_run(entry.path(), {"trainer.device=cpu", "trainer.threads=2"});
    Record record;
    CHECK(Trainer(*plan, {.observers = {&record}}).fit().exit == Exit::done);
    REQUIRE(record.epochs.size() > 1);
    const auto loss_of = [](const EpochRecord& epoch) {
      const auto found = std::ranges::find(epoch.values, "train/loss", &Measured::name);
      REQUIRE(found != epoch.values.end());
      return found->value;
    };
    CHECK(loss_of(record.epochs.back()) < loss_of(record.epochs.front()));
  }
  CHECK(recipes > 20);
}
