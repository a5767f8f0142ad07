// Names of other frameworks' layers, losses, metrics, optimizers and schedules that have no counterpart of their own
// here, each with what is written instead. Names that have one are told by the type itself (Schema::also_known_as).
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/base/text.h"
#include "lib/nn/layer.h"
#include "lib/nn/loss.h"
#include "lib/nn/metric.h"
#include "lib/nn/optimizer.h"
#include "lib/nn/schedule.h"
#include "lib/spec/several.h"
#include "lib/spec/write.h"

namespace dl {

void Layer::say_instead(AnyRegistry& registry) {
  registry.instead_of({"input", "InputLayer", "input_shape", "placeholder"},
                      "leave it out: the shape of the input comes from the data");
  registry.instead_of({"output", "OutputLayer"}, "write the last layer itself: '- linear: ${data.classes}'");
  registry.instead_of({"Sequential", "ModuleList", "Model", "functional"},
                      "write its layers as items of 'model'; layers that occur again are a block (docs/yaml.md)");
  registry.instead_of({"rescale", "Rescaling", "ToTensor", "normalization"},
                      "leave it out: images are numbers from 0 to 1; 'data.transforms: [normalize: …]' centres them");
  registry.instead_of({"resize", "Resizing", "RandomFlip", "RandomCrop", "RandomRotation", "RandomZoom",
                       "RandomTranslation", "CenterCrop", "horizontal_flip", "random_resized_crop"},
                      "it changes the data: write it below 'data.transforms' (resize, random_crop, horizontal_flip …)");
  registry.instead_of({"mean", "reduce_mean", "ReduceMean", "mean_pool", "mean_pooling"},
                      "write 'global_avg_pool1d' over the positions of a sequence, 'global_avg_pool2d' over an image, "
                      "'expression: mean(x)' over features");
  registry.instead_of({"max", "amax", "reduce_max", "ReduceMax"},
                      "write 'maximum' of several layers, 'global_max_pool1d' over the positions of a sequence, "
                      "'global_max_pool2d' over an image");
  registry.instead_of({"min", "amin", "reduce_min", "ReduceMin"}, "write 'minimum', of several layers");
  registry.instead_of({"sum", "reduce_sum", "ReduceSum"},
                      "write 'add' of several layers, 'expression: sum(x)' over features");
  registry.instead_of(
      {"view"},
      "write 'flatten' where it leaves one axis behind the batch, else 'reshape: […]' with the sizes of "
      "a sample, without the batch");
  registry.instead_of({"rearrange", "einops"}, "write 'permute', 'reshape' or 'flatten', which leave the batch out");
  registry.instead_of({"residual", "skip", "shortcut", "skip_connection", "resblock", "res_block", "residual_block",
                       "ResidualBlock", "bottleneck", "basic_block"},
                      "name what the branch begins with, and write '- add:' with 'from: [BRANCH, NAME]' beside it");
  registry.instead_of(
      {"conv_block", "conv_bn_relu", "conv_bn", "ConvBlock"},
      "write its layers: '- conv2d: {out_channels: 32, kernel_size: 3, padding: same}', '- batch_norm', "
      "'- relu', or a block of them (docs/yaml.md)");
  registry.instead_of({"masking", "Masking"},
                      "leave it out; layers that are to pass over padding read 'from: [x, lengths]'");
  registry.instead_of({"dot_product"}, "write 'dot'");
  registry.instead_of({"cls"}, "write 'class_token'");
  registry.instead_of({"scale", "multiply_by", "shift"}, "write 'expression: \"0.5 * x\"'");
  registry.instead_of({"activation"}, "write the activation's own name: '- relu'");
  registry.instead_of({"reflection_pad1d", "reflection_pad2d", "reflection_pad3d", "ReflectionPad1d", "ReflectionPad2d",
                       "ReflectionPad3d"},
                      "write 'pad: {size: …, mode: reflect}'");
  registry.instead_of({"replication_pad1d", "replication_pad2d", "replication_pad3d", "ReplicationPad1d",
                       "ReplicationPad2d", "ReplicationPad3d"},
                      "write 'pad: {size: …, mode: replicate}'");
  registry.instead_of(
      {"circular_pad1d", "circular_pad2d", "circular_pad3d", "CircularPad1d", "CircularPad2d", "CircularPad3d"},
      "write 'pad: {size: …, mode: circular}'");
  registry.instead_of({"softmax2d", "Softmax2d"}, "write 'softmax': channels come last");
  registry.instead_of({"bilstm", "bi_lstm"}, "write 'lstm: {hidden_size: 64, bidirectional: true}'");
  registry.instead_of({"bigru", "bi_gru"}, "write 'gru: {hidden_size: 64, bidirectional: true}'");
  registry.instead_of({"none", "null", "no_activation"}, "leave it out, or write 'identity'");
  registry.instead_of({"bidirectional"}, "write it in the layer: 'lstm: {hidden_size: 64, bidirectional: true}'");
  registry.instead_of({"last", "last_step", "last_timestep", "take_last", "last_hidden"},
                      "write 'select: -1', or 'return_sequences: false' in the recurrent layer before it");
  registry.instead_of({"resnet", "resnet18", "resnet34", "resnet50", "vgg", "vgg16", "densenet", "efficientnet",
                       "efficientnet_b0", "mobilenet", "mobilenet_v2", "vit", "unet", "convnext"},
                      "write 'model: models/resnet18.yaml', or another of docs/models.md, in the place of the layers");
  registry.instead_of({"mlp", "fully_connected", "dense_block"},
                      "write its layers: '- linear: 64', '- relu', '- linear: ${data.classes}'");
  registry.instead_of({"layers", "block"},
                      "write them below 'blocks', 'blocks: {NAME: {layers: […]}}', and NAME as an item here");
  registry.instead_of({"TimeDistributed"}, "leave it out: 'linear' acts on each position by itself");
  registry.instead_of({"gaussian_sample", "sampling", "Sampling", "reparameterize", "vae", "latent"},
                      "write 'random_normal: [20]', with as many numbers as the mean has and 'name: noise' and 'from: "
                      "mean' beside it, and 'expression: {formula: \"mean + exp(logvar / 2) * noise\", inputs: [mean, "
                      "logvar, noise]}', as models/vae.yaml does");
  registry.instead_of(
      {"graph_conv", "GCNConv", "gcn_conv", "GATConv", "gat_conv", "SAGEConv", "sage_conv", "message_passing"},
      "there are no networks on graphs");
  registry.instead_of(
      {"embed_columns", "column_embedding"},
      "write 'feature_tokens: {dim: 8, categories: \"${data.categories}\"}', which has a vector for each "
      "column, from: \"${data.inputs}\"");
  registry.instead_of({"lambda", "Lambda"}, "write 'expression: \"x * sigmoid(1.702 * x)\"', with a formula of yours");
  registry.instead_of({"one_hot", "OneHot", "CategoryEncoding"},
                      "write 'embedding', which is a linear map of one-hot vectors; categories of a table are one-hot "
                      "in 'x' unless 'as: index' says otherwise");

  registry.instead_of_keys({"trainable", "frozen", "freeze", "requires_grad"},
                           "write 'freeze: [NAME]' at the top of the config, and 'name: NAME' beside the layer");
  registry.instead_of_keys({"kernel_regularizer", "bias_regularizer", "embeddings_regularizer", "recurrent_regularizer",
                            "weight_regularizer", "regularizer", "weight_decay", "l1", "l2"},
                           "write it before the optimizer: 'optimizer: [l2: 1e-4, sgd: {lr: 0.1}]'");
  registry.instead_of_keys(
      {"activity_regularizer"},
      "write a loss of what it gives, 'losses: {…, sparse: {activity: {output: NAME, l1: 1e-3}}}', "
      "with 'name: NAME' beside the layer");
  registry.instead_of_keys({"inputs", "inbound_nodes", "sources", "bottom", "bottoms"},
                           "write what it reads beside the layer: 'from: [NAME, NAME]', each the 'name' of an item "
                           "before it, or x");
  registry.instead_of_keys({"mask_zero", "supports_masking"},
                           "leave it out; layers behind it that are to pass over padding read 'from: [x, lengths]'");
  registry.instead_of_keys({"kernel_constraint", "bias_constraint", "embeddings_constraint", "max_norm"},
                           "write it behind the optimizer: 'optimizer: [sgd: {lr: 0.1}, max_norm: 3]'");
  registry.instead_of_keys({"lr", "learning_rate", "lr_multiplier"},
                           "write a group of the optimizer: 'groups: [{match: \"NAME.*\", lr: 1e-4}]'");
  registry.instead_of_keys({"weights", "pretrained"}, "write 'init_from: FILE' at the top of the config");
  registry.instead_of_keys({"input_shape", "batch_input_shape", "input_size", "input_dim", "input_length", "in_dim"},
                           "leave it out: input sizes are inferred");
  registry.instead_of_keys({"data_format"}, "leave it out: channels come last");
  registry.instead_of_keys({"batch_first", "time_major"}, "leave it out: the batch always comes first");
  registry.instead_of_keys({"dtype", "device"},
                           "leave it out: 'trainer.precision' and 'trainer.device' are of all layers");
  registry.instead_of_keys({"seed"}, "leave it out: the config's 'seed' is of all random numbers");
  registry.instead_of_keys({"inplace"}, "leave it out");
  registry.instead_of_keys({"sparse", "scale_grad_by_freq", "fused", "unroll"}, "leave it out: it changes no result");
  registry.instead_of_keys({"act", "activation", "nonlinearity"},
                           "write the activation as a layer of its own behind it: '- relu'");
}

void Loss::say_instead(AnyRegistry& registry) {
  registry.instead_of({"accuracy", "acc"}, "write 'loss: cross_entropy', and 'metrics: [accuracy]' to see it");
  registry.instead_of({"log_loss", "softmax"}, "write 'cross_entropy'");
  registry.instead_of({"ce", "crossentropy", "softmax_cross_entropy", "softmax_crossentropy", "xent"},
                      "write 'cross_entropy'");
  registry.instead_of({"cosine", "cos"}, "write 'cosine_similarity'");
  registry.instead_of({"kl"}, "write 'kl_div' of probabilities, 'kl_normal' of a code's mean and variance");
  registry.instead_of({"label_smoothing"}, "write 'cross_entropy: {label_smoothing: 0.1}'");
  registry.instead_of({"r2", "r2_score"}, "write 'mse', which has its least at the same weights");
  registry.instead_of({"ordinal", "coral", "ordinal_regression"},
                      "write 'bce_with_logits' of a value for each step from a class to the next");
  registry.instead_of({"ssim", "perceptual", "lpips"}, "write 'mse' or 'l1'");
  registry.instead_of({"sum", "weighted", "combined", "multi", "multi_task", "compose"},
                      "write 'losses: {NAME: {LOSS: {…}, weight: 0.5}, …}' in the place of 'loss'");
  registry.instead_of({"rmse", "root_mean_squared_error"}, "write 'mse', which has its least at the same weights");
  registry.instead_of({"dice_ce", "ce_dice", "dice_bce", "bce_dice", "combo"},
                      "write 'losses: {cross_entropy: {cross_entropy: {}}, dice: {dice: {}, weight: 0.5}}'");
  registry.instead_of(
      {"vae", "VAELoss", "elbo", "beta_vae"},
      "write 'losses: {image: {mse: {output: image, target: x}}, code: {kl_normal: {output: mean, logvar: "
      "logvar}, weight: 0.001}}', as configs/vae.yaml does");
  registry.instead_of({"arcface", "cosface", "angular_margin", "proxy_nca", "center_loss"},
                      "write 'triplet: {margin: 0.2}' or 'sup_con: {temperature: 0.1}', of vectors by their classes");
  registry.instead_of({"gan", "adversarial"},
                      "write 'turns', with losses 'bce_with_logits: {output: …, target: 1}' and '… target: 0}'");
}

void Metric::say_instead(AnyRegistry& registry) {
  registry.instead_of({"loss", "cross_entropy", "val_loss"}, "leave it out: the loss is measured in any case");
  registry.instead_of({"error_rate", "error", "misclassification"}, "write 'accuracy', of which it is the rest");
  registry.instead_of({"f1_macro", "macro_f1", "f1_score_macro"}, "write '{f_beta: {average: macro}}'");
  registry.instead_of({"f1_weighted", "weighted_f1"}, "write '{f_beta: {average: weighted}}'");
  registry.instead_of({"f1_micro", "micro_f1"}, "write '{f_beta: {average: micro}}'");
  registry.instead_of({"precision_macro", "macro_precision"}, "write '{precision: {average: macro}}'");
  registry.instead_of({"recall_macro", "macro_recall"}, "write '{recall: {average: macro}}'");
  registry.instead_of({"f1_per_class", "per_class_f1"}, "write '{f_beta: {average: per_class}}'");
  registry.instead_of({"balanced_acc"}, "write 'balanced_accuracy'");
  registry.instead_of({"roc", "roc_curve", "gini", "auc_roc"}, "write 'roc_auc'");
  registry.instead_of({"classification_report", "precision_recall_fscore_support"},
                      "write 'f_beta: {average: per_class}', and 'precision' and 'recall' alike");
  registry.instead_of({"psnr", "ssim", "lpips", "fid"}, "write 'mse', or '{mse: {target: x}}' against the input");
  registry.instead_of(
      {"recall_at_1", "recall_at_5", "recall@1", "recall@5", "precision_at_1"},
      "write 'hit_rate: 1' for the nearest of vectors, 'retrieval_recall: {top_k: 1}' for answers to queries");
  registry.instead_of({"top1", "top_1", "top1_accuracy", "top_1_accuracy"}, "write 'accuracy'");
  registry.instead_of({"top3", "top_3", "top3_accuracy", "top_3_accuracy", "top10", "top_10", "top_10_accuracy"},
                      "write '{accuracy: {top_k: 3}}'");
  registry.instead_of({"top5", "top_5", "top_k", "top5_accuracy", "accuracy_top5", "top_k_accuracy", "top_5_accuracy",
                       "top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy"},
                      "write '{accuracy: {top_k: 5}}'");
  registry.instead_of({"binary_accuracy"}, "write 'accuracy'");
  registry.instead_of_keys({"num_classes", "n_classes", "num_labels", "task", "multiclass", "from_logits", "name"},
                           "leave it out: the data and the loss say it");
  registry.instead_of({"neg_mean_squared_error"}, "write 'mse', of which less is better");
  registry.instead_of({"neg_root_mean_squared_error"}, "write 'rmse', of which less is better");
  registry.instead_of({"neg_mean_absolute_error"}, "write 'mae', of which less is better");
  registry.instead_of({"neg_log_loss"}, "write 'log_loss', of which less is better");
  registry.instead_of({"bpc", "bits_per_character", "bits_per_byte", "bits_per_token"},
                      "write 'perplexity', of which they are the logarithm to the base of 2");
  registry.instead_of({"bleu", "BLEUScore", "rouge", "ROUGEScore", "wer", "WordErrorRate"},
                      "texts are not compared: 'accuracy' and 'perplexity' are of their tokens");
}

void Optimizer::say_instead(AnyRegistry& registry) {
  registry.instead_of({"adahessian", "AdaHessian"},
                      "it takes second derivatives, which there are none of: write 'sophia: {lr: 3e-4}'");
  registry.instead_of({"sam", "asam", "sharpness_aware"},
                      "it stands before an optimizer: write '[sam: 0.05, sgd: {lr: 0.1, momentum: 0.9}]'");
  registry.instead_of({"lookahead", "ema", "swa_average"},
                      "it stands behind an optimizer: write '[adam: {lr: 1e-3}, lookahead: {}]'");
  registry.instead_of({"l1", "l2", "elastic_net", "lasso", "ridge"},
                      "it stands before an optimizer: write '[l1: 1e-4, sgd: {lr: 0.1}]'");
  registry.instead_of({"clip_norm", "clip_value", "clip_grad_norm"},
                      "it stands before an optimizer: write '[clip_norm: 1, adamw: {lr: 1e-3}]'");
  registry.instead_of({"prodigy", "dadaptation", "schedule_free", "adamw_8bit", "adam8bit", "paged_adamw"},
                      "write 'adamw: {lr: 1e-3}'");
  say_of_several(kind, [](const Node& node) -> std::string {
    const auto is_optimizer = [](const Node::Entry& entry) { return Registry<Optimizer>::instance().has(entry.key); };
    if (!node.is_map() || std::ranges::count_if(node.entries, is_optimizer) > 1) return "";
    Node list = Node::list();
    for (const Node::Entry& entry : node.entries) list.items.emplace_back(Node::map()).set(entry.key, entry.value);
    return concat("write the optimizer and the rules around it as a list: ", to_yaml_line(list));
  });
  registry.instead_of({"momentum", "SGDM", "nesterov"}, "write 'sgd: {lr: 0.1, momentum: 0.9}'");
}

void LRSchedule::say_instead(AnyRegistry& registry) {
  registry.instead_of({"reduce_on_plateau", "ReduceLROnPlateau", "plateau"},
                      "write 'trainer.reduce_on_plateau: {factor: 0.1}'");
  registry.instead_of({"warmup", "linear_warmup", "constant_with_warmup"}, "write 'constant: {warmup: 1 epoch}'");
  registry.instead_of({"lambda", "LambdaLR", "MultiplicativeLR"}, "write 'sequence' or 'chained' of those there are");
  registry.instead_of_keys({"total_steps", "num_training_steps", "epochs", "max_epochs", "total_epochs", "num_epochs",
                            "max_steps", "steps_per_epoch"},
                           "leave it out: a schedule is as long as the run");
  registry.instead_of_keys({"interval", "frequency", "last_epoch", "verbose", "by_epoch"},
                           "leave it out: the rate changes with each step");
  registry.instead_of_keys({"initial_learning_rate", "learning_rate", "lr", "init_lr", "base_lr", "peak_lr"},
                           "write it as the optimizer's 'lr'");
  registry.instead_of({"none", "fixed"}, "write null, or leave 'schedule' out: the learning rate stays");
  say_of_several(kind, [](const Node& several) -> std::string {
    const auto is_number = [](const Node& item) { return item.as_number().has_value(); };
    if (std::ranges::all_of(several.items, is_number) && !several.items.empty()) {  // epochs, as PyTorch counts
      std::vector<std::string> epochs;
      for (const Node& item : several.items) epochs.push_back(item.text + " epochs");
      return concat("write 'step: {milestones: [", join(epochs), "], gamma: 0.1}'");
    }
    return "write 'sequence: {schedules: […], milestones: [2 epochs]}' for one after another, 'chained: […]' for all "
           "at once";
  });
}

}  // namespace dl
