// Starting threads where the machine may refuse them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace dl {

// Adds `count` threads to `threads`, which run work(0), work(1), … Where the system refuses one, end() must let those
// that run return; they are joined, `threads` is empty, and Error(Exit::failed) says how many were asked for, why no
// more can be had and to lower `key`, the key of a config that asks for them.
void start_threads(std::vector<std::thread>& threads, int count, const std::function<void(int)>& work,
                   const std::function<void()>& end, const std::string& key);

}  // namespace dl
