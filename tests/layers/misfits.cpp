// What layers say of inputs and keys that do not fit them.
// SPDX-License-Identifier: Apache-2.0
#include "tests/check_layer.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("layers that move numbers say which axes and sizes there are") {
  const std::string axis = "; write 1 to 2, or -1 for the last; the batch, 0, stays as it is";
  CHECK(layer_error("unsqueeze: 0", {{4}}) == "expected an axis of [4], got 0" + axis);
  CHECK(layer_error("concat: 3", {{4, 2}, {4, 2}}) == "expected an axis of [4, 2], got 3" + axis);
  CHECK(layer_error("flip: 2", {{4}}) ==
        "expected an axis of [4], got 2; write 1, or -1 for the last; the batch, 0, stays as it is");
  CHECK(layer_error("reshape: [5, -1]", {{4, 3}}) ==
        "cannot make [5, -1] of [4, 3]: 12 numbers; the product of the sizes is how many there are; one may be -1");
  CHECK(layer_error("reshape: [32, 12]", {{4, 3}}) ==
        "cannot make [32, 12] of [4, 3]: 12 numbers; leave the batch out: write 'flatten'");
  CHECK(layer_error("reshape: [32, 2, 6]", {{4, 3}}) ==
        "cannot make [32, 2, 6] of [4, 3]: 12 numbers; leave the batch out: write 'reshape: [2, 6]'");
  CHECK(layer_error("permute: [1, 1]", {{4, 3}}) ==
        "expected each axis of [4, 3] once, got [1, 1]; count the axes from 1; the batch, 0, stays first");
  CHECK(layer_error("squeeze: 1", {{4, 1}}) == "expected an axis of size 1, got axis 1 of [4, 1]; write 'squeeze: 2'");
  CHECK(layer_error("squeeze: 2", {{4, 3}}) ==
        "expected an axis of size 1, got axis 2 of [4, 3]; leave it out: there is none");
  CHECK(layer_error("tile: [2]", {{4, 1}}) ==
        "expected a number for each of the axes of [4, 1], got 1; write 1 for an axis that stays");
  CHECK(layer_error("tile: [1, 2, 3]", {{4, 1}}) ==
        "expected a number for each of the axes of [4, 1], got 3; leave the batch out: write 'tile: [2, 3]'");
  CHECK(layer_error("repeat_vector: 2", {{4, 1}}) ==
        "expected one feature axis, got shape [4, 1]; put 'flatten' before it");
  CHECK(layer_error("to_sequence", {{4}}) == "expected an image or a volume, got shape [4]; put it before 'flatten'");
  CHECK(layer_error("slice: {begin: 3, end: 2}", {{4}}) ==
        "nothing lies from 3 to 2 of 4 places; count the places from 0, or from -1 backwards; 'end' is left out");
  CHECK(layer_error("split: {parts: 3, index: 0}", {{4}}) ==
        "cannot divide 4 places into 3 parts; set parts to a divisor, or write 'slice'");
  CHECK(layer_error("select: 4", {{4, 2}}) ==
        "expected one of 4 places, got 4; count them from 0, or from -1 backwards");
  CHECK(layer_error("pixel_shuffle: 2", {{4, 2, 6}}) ==
        "expected channels that 4 divides, got 6; make upscale_factor squared times as many channels as are wanted");
  CHECK(layer_error("depth_to_space: 2", {{4, 2, 6}}) ==
        "expected channels that 4 divides, got 6; make block_size squared times as many channels as are wanted");
  for (const std::string name : {"pixel_unshuffle", "space_to_depth"})
    CHECK(layer_error(name + ": 2", {{4, 3, 1}}) ==
          "expected height and width that 2 divides, got [4, 3, 1]; crop or pad the image before it");
  CHECK(layer_error("channel_shuffle: 2", {{4, 3, 3}}) ==
        "cannot divide 3 channels into 2 groups; set groups to a divisor");
}

TEST_CASE("a transpose is of two axes") {
  CHECK(problems_of<Layer>("transpose: [1, 1]")
            .ends_with(".transpose.axes: expected two axes, got [1, 1]\n  help: write both: 'transpose: [1, 2]'\n"));
  CHECK(problems_of<Layer>("transpose: [2, 1, 3]")
            .ends_with(".transpose.axes: expected two axes, got [2, 1, 3]\n  help: write 'permute: [2, 1, 3]' for "
                       "another order of "
                       "all\n"));
  CHECK(problems_of<Layer>("unflatten: {dim: 1, shape: [2, 2]}")
            .ends_with("help: leave it out: features have one axis\n"));
  for (const auto& [name, help] :
       {std::pair{"sum", "write 'add' of several layers, 'expression: sum(x)' over features"},
        std::pair{"amax",
                  "write 'maximum' of several layers, 'global_max_pool1d' over the positions of a sequence, "
                  "'global_max_pool2d' over an image"},
        std::pair{"rearrange", "write 'permute', 'reshape' or 'flatten', which leave the batch out"}}) {
    const std::string problems = problems_of<Layer>(name + std::string(": {dim: 1}"));
    CAPTURE(problems);
    CHECK(problems.ends_with(std::string("\n  help: ") + help + "\n"));
  }
}

TEST_CASE("margins are asked for by axis, and must leave and find something") {
  CHECK(layer_error("pad: 1", {{4}}) ==
        "expected a sequence, an image or a volume, got shape [4]; put 'unflatten: [-1, 1]' before it where these are "
        "numbers along a line");
  CHECK(layer_error("pad: [1, 2]", {{4, 1}}) ==
        "expected sizes of 1 axis, as [4, 1] has them before its channels, got 2; write [[1, 2]]");
  CHECK(
      layer_error("pad: [[1, 0]]", {{4, 4, 1}}) ==
      "expected sizes of 2 axes, as [4, 4, 1] has them before its channels, got 1; write a number or [before, behind] "
      "for each axis");
  CHECK(layer_error("pad: {size: 4, mode: reflect}", {{4, 1}}) ==
        "cannot add 4 places to 4 by mode 'reflect', which has at most 3; lower it, or write mode 'replicate' or "
        "'constant'");
  CHECK(layer_error("crop: 2", {{4, 1}}) ==
        "nothing is left of 4 places when 2 before and 2 behind are taken; lower size");
  CHECK(problems_of<Layer>("pad: [1, -1]") ==
        "error: test:1:6: layer.pad.size: expected a number of places, or a list with a number or [before, behind] for "
        "each "
        "of the axes between the batch and the channels, got a list of 2\n");
  CHECK(problems_of<Layer>("ReflectionPad2d: 1").ends_with("help: write 'pad: {size: …, mode: reflect}'\n"));
}

TEST_CASE("upsample says what does not fit") {
  CHECK(problems_of<Layer>("upsample") ==
        "error: test:1:1: layer (upsample): expected either scale_factor or size\n  help: write 'upsample: 2' for "
        "twice the "
        "size\n");
  CHECK(problems_of<Layer>("upsample: {size: 4, align_corners: true}") ==
        "error: test:1:36: layer.upsample.align_corners: mode 'nearest' has no corners to align\n  help: write mode: "
        "bilinear, or leave it out\n");
  CHECK(layer_error("upsample: [2, 2]", {{4, 1}}) ==
        "expected a sequence, an image or a volume with axes for 2 sizes and channels, got shape [4, 1]");
  CHECK(layer_error("upsample: {scale_factor: 2, mode: bilinear}", {{4, 1}}) ==
        "mode 'bilinear' is of 2 axes, got shape [4, 1]; write mode: linear");
  CHECK(layer_error("upsample: 0.1", {{4, 1}}) == "nothing is left of 4 places times 0.1; raise scale_factor");
}

TEST_CASE("joins ask for inputs that fit together") {
  CHECK(layer_error("mul", {{4, 4, 8}}) == "expected at least two inputs, got one; name them: from: [conv2, x]");
  CHECK(layer_error("sub", {{4}, {4}, {4}}) == "expected two inputs, got 3");
  CHECK(layer_error("concat", {{4, 2}, {3, 2}}) ==
        "cannot lay [3, 2] beside [4, 2] along axis -1; bring the other axes to one size, for instance by padding, "
        "strides "
        "or 'crop'");
  CHECK(problems_of<Layer>("conv_bn_relu: 8").find("'- batch_norm', '- relu', or a block of them") !=
        std::string::npos);
  CHECK(layer_error("stack", {{4}, {3}}) == "expected inputs of one shape, got [4] and [3]");
  CHECK(layer_error("dot", {{4}, {3}}) ==
        "expected inputs of as many features, got [4] and [3]; bring the second to the features of the first with "
        "'linear'");
  CHECK(layer_error("dot", {{4}}) == "expected two inputs, got one; name them: from: [a, b]");
  CHECK(layer_error("outer", {{4}}) == "expected two inputs; name them: from: [a, b]");
  CHECK(layer_error("matmul", {{4, 3}, {4, 3}}) ==
        "cannot multiply [4, 3] by [4, 3]; set transpose_a or transpose_b, so that the columns of the first are as "
        "many as "
        "the rows of the second");
  CHECK(layer_error("pairwise_dot", {{1, 3}}) == "expected at least two vectors, got 1");
  CHECK(layer_error("glu", {{5}}) ==
        "expected an even number of features to halve, got 5; make twice as many features as are wanted, or name two "
        "inputs: from: [a, gate]");
  CHECK(layer_error("maxout: 2", {{5}}) == "cannot divide 5 features into groups of 2; set pieces to a divisor");
}

TEST_CASE("an input of fewer axes is the same at each place") {
  const std::unique_ptr<Layer> layer = read_registered_as<Layer>("mul");
  BuiltLayer built(*layer, {{DType::f32, {1, 2, 2, 2}}, {DType::f32, {1, 2}}}, false);
  built.feed["x0"] = {1, 2, 3, 4, 5, 6, 7, 8};
  built.feed["x1"] = {10, 100};
  check_close(evaluate(built.graph(), {built.y}, built.feed)[0], {10, 200, 30, 400, 50, 600, 70, 800});
}

TEST_CASE("parts of transformers say what does not fit") {
  CHECK(layer_error("transformer_encoder_layer: 3", {{4, 8}}) ==
        "cannot divide 8 features among 3 heads; set num_heads to a divisor, or head_dim");
  CHECK(layer_error("transformer_decoder_layer: 2", {{4, 8}}) ==
        "expected two sequences, got 1 input; name them: from: [x, memory]");
  CHECK(layer_error("class_token", {{4, 4, 8}}) ==
        "expected a sequence [length, features], got shape [4, 4, 8]; put 'to_sequence' before it");
  CHECK(layer_error("patch_embed: {patch_size: 3, embed_dim: 2}", {{4, 3, 1}}) ==
        "expected height and width that patches of 3x3 fill, got [4, 3, 1]; resize or pad the images, or set "
        "patch_size to "
        "divisors");
  CHECK(problems_of<Layer>("multi_head_attention: {num_heads: 2, alibi: true}") ==
        "error: test:1:45: layer.multi_head_attention.alibi: expected attention that is causal\n  help: write causal: "
        "true\n");
  CHECK(layer_error("multi_head_attention: {num_heads: 2, rotary: {dim: 6}}", {{4, 8}}) ==
        "expected an even number of features to turn, at most a head's 4, got 6; set rotary.dim, or other heads");
  CHECK(layer_error("instance_norm", {{4}}) ==
        "expected a sequence, an image or a volume, got shape [4]; put it before 'flatten', or write 'layer_norm'");
  CHECK(layer_error("conv_lstm2d: {out_channels: 1, kernel_size: 3}", {{4, 4, 1}}) ==
        "expected a sequence of images [steps, height, width, channels], got shape [4, 4, 1]");
  CHECK(layer_error("feature_tokens: {dim: 2, categories: [3]}", {{4}}) ==
        "expected 1 input of whole numbers, got 0; write 'categories: \"${data.categories}\"', and 'from: "
        "${data.inputs}' beside the layer");
  CHECK(layer_error("embedding_bag: {num_embeddings: 4, embedding_dim: 3}", {{4}}) ==
        "expected whole numbers, got other ones; read them as 'index' columns or tokens");
}

TEST_CASE("a formula's mistakes are named by their place, with what was meant") {
  const auto mistake = [](const std::string& formula) {
    const std::string text = problems_of<Layer>("expression: \"" + formula + "\"");
    const std::string begin = "error: test:1:13: layer.expression.formula: ";
    CHECK(text.starts_with(begin));
    return text.substr(begin.size());
  };
  CHECK(mistake("x * sigmoi(x)") ==
        "at sign 5 of 'x * sigmoi(x)': unknown function 'sigmoi'\n  help: write 'sigmoid'\n");
  CHECK(mistake("x * y") ==
        "at sign 5 of 'x * y': unknown input 'y'\n  help: the inputs are x; name them by 'inputs'\n");
  CHECK(mistake("(x + 1") == "at sign 7 of '(x + 1': expected ')', got the end\n");
  CHECK(mistake("x +") == "at sign 4 of 'x +': expected a number, an input or a function, got the end\n");
  CHECK(mistake("x x") ==
        "at sign 3 of 'x x': expected an operator or the end, got 'x'\n  help: write + - * / ^ or a comparison\n");
  CHECK(mistake("max(x)") == "at sign 1 of 'max(x)': expected 2 operands of 'max', got 1\n");
  CHECK(mistake("exp(x, x)") == "at sign 1 of 'exp(x, x)': expected 1 operand of 'exp', got 2\n");
  CHECK(mistake("exp + x") ==
        "at sign 1 of 'exp + x': expected '(' behind the function 'exp'\n  help: write 'exp(x)'\n");
  CHECK(mistake("x % 2").starts_with("at sign 3 of 'x % 2': expected an operator or the end, got '%'"));
  CHECK(mistake(std::string(500, '-') + "x").find("expected at most 200 nested signs and parentheses") !=
        std::string::npos);
  CHECK(layer_error("expression: x + 1", {{4}, {4}}) ==
        "expected 1 input (x), got 2; name them in 'inputs', in the order of 'from'");
  check_close(layer_output("expression: 2 + 1", {2}, {7, 8}), {3, 3});
  check_close(layer_output("expression: sum(2) + mean(1)", {2}, {7, 8}), {3, 3});
  CHECK(layer_error("expression: sum(x)", {Shape{}}) ==
        "expected features for 'sum', got one number a sample; leave it out");
  for (const std::string inputs : {"[]", "[a, a]", "[1a]", "[a b]"})
    CHECK(problems_of<Layer>("expression: {formula: a, inputs: " + inputs + "}") ==
          "error: test:1:34: layer.expression.inputs: expected a name for each input, of letters, digits and _\n  "
          "help: write "
          "[x]\n");
}

TEST_CASE("unpooling is told which pooling does not fit") {
  const std::string help =
      "; write the kernel_size of the pooling, and let 'from' name what is put back and then what the pooling was "
      "given";
  CHECK(layer_error("max_unpool1d: 2", {{4, 2}}) ==
        "expected two inputs, got 1; write from: [x, before], 'before' what the pooling was given");
  CHECK(layer_error("max_unpool1d: 2", {{4, 2}, {10, 2}}) ==
        "expected what a pooling makes of [10, 2], [5, 2], got [4, 2]" + help);
  CHECK(layer_error("max_unpool2d: [2, 3]", {{2, 2, 1}, {4, 6, 2}}) ==
        "expected what a pooling makes of [4, 6, 2], [2, 2, 2], got [2, 2, 1]" + help);
  CHECK(layer_error("max_unpool3d: 4", {{1, 1, 1, 1}, {4, 4, 3, 1}}) ==
        "expected what a pooling makes of [4, 4, 3, 1], [1, 1, 0, 1], got [1, 1, 1, 1]" + help);
  CHECK(problems_of<Layer>("max_unpool2d: {kernel_size: 2, padding: 1}")
            .ends_with("help: leave it out: the pooling is one whose windows lie beside each other\n"));
}

TEST_CASE("keys that other frameworks have in a layer lead to where they stand") {
  const std::string freeze =
      "leave it out, and write 'freeze: [NAME.weight, NAME.bias]' at the top, with 'name: NAME' beside the layer: they "
      "stay 1 and 0";
  const std::pair<const char*, std::string> cases[] = {
      {"linear: {out_features: 2, trainable: false}",
       "write 'freeze: [NAME]' at the top of the config, and 'name: NAME' beside the layer"},
      {"conv2d: {out_channels: 2, kernel_size: 3, kernel_regularizer: l2}",
       "write it before the optimizer: 'optimizer: [l2: 1e-4, sgd: {lr: 0.1}]'"},
      {"linear: {out_features: 2, activity_regularizer: l1}",
       "write a loss of what it gives, 'losses: {…, sparse: {activity: {output: NAME, l1: 1e-3}}}', with 'name: NAME' "
       "beside the layer"},
      {"embedding: {num_embeddings: 2, embedding_dim: 3, mask_zero: true}",
       "leave it out; layers behind it that are to pass over padding read 'from: [x, lengths]'"},
      {"embedding: {num_embeddings: 2, embedding_dim: 3, max_norm: 1}",
       "write it behind the optimizer: 'optimizer: [sgd: {lr: 0.1}, max_norm: 3]'"},
      {"linear: {out_features: 2, input_shape: [4]}", "leave it out: input sizes are inferred"},
      {"max_pool2d: {kernel_size: 2, data_format: channels_last}", "leave it out: channels come last"},
      {"gru: {hidden_size: 2, unroll: true}", "leave it out: it changes no result"},
      {"Dense: {units: 2, weights: a.npy}", "write 'init_from: FILE' at the top of the config"},
      {"relu: {inplace: true}", "leave it out"},
      {"lstm: {hidden_size: 2, activation: relu}",
       "leave it out: the gates are sigmoids, what they let through a tanh"},
      {"lstm: {hidden_size: 2, return_state: true}", "leave it out: 'return_sequences: false' gives the last state"},
      {"batch_norm: {affine: false}", freeze},
      {"layer_norm: {elementwise_affine: false}", freeze},
      {"layer_norm: {axis: -1}", "leave it out: the last axis is normalized"},
      {"flatten: {start_dim: 1}", "leave it out: all axes but the batch become one; 'reshape: [28, 84]' makes others"},
      {"dropout: {p: 0.1, noise_shape: [1]}", "write 'dropout1d' or 'dropout2d', which drop whole channels"},
      {"multi_head_attention: {num_heads: 2, kdim: 3}", "leave it out: input sizes are inferred"},
      {"one_hot: 4",
       "write 'embedding', which is a linear map of one-hot vectors; categories of a table are one-hot in 'x' unless "
       "'as: index' says otherwise"},
  };
  for (const auto& [yaml, help] : cases) {
    const std::string problems = problems_of<Layer>(yaml);
    CAPTURE(problems);
    CHECK(problems.ends_with("\n  help: " + help + "\n"));
  }
}
