// What configs of several kinds of data say alike of how is learned.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>

namespace dl {

int64_t batch_size_for(int64_t samples);
// The part of so many samples that is held out.
double share_held_out(int64_t samples);

// What the best step and the end of a run are known by: the loss where few samples are measured, else a metric.
std::string monitored(bool is_class, bool few);

// The last layer, loss, metrics, optimizer and schedule, of classes or of quantities.
std::string learning_yaml(bool is_class, const std::string& lr, const std::string& weight_decay = "0.01");
// Up to so many epochs; fewer where `best` no longer gets better.
std::string trainer_yaml(int64_t epochs, int64_t patience, const std::string& best);

}  // namespace dl
