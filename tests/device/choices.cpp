// Candidates that take turns until one is chosen, and what is kept of it.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/choices.h"

#include <doctest/doctest.h>

#include "lib/base/cache_file.h"
#include "lib/device/cpu/machine.h"
#include "tests/cache_home.h"

namespace dl::testing {
namespace {

// Turns until the choice is made, each candidate taking so long; the number of turns.
int decide(Choice& choice, const std::vector<double>& seconds) {
  int turns = 0;
  for (; choice.open(); ++turns) choice.took(seconds[static_cast<size_t>(choice.now())]);
  return turns;
}

}  // namespace

TEST_CASE("candidates take turns, and the fastest is chosen") {
  Choice choice(3);
  std::vector<int> turns(3);
  for (int i = 0; choice.open(); ++i) {
    ++turns[static_cast<size_t>(choice.now())];
    // Others' work makes some turns slower; the least counts.
    choice.took((choice.now() == 1 ? 1.0 : 1.5) + (i % 2 ? 3.0 : 0.0));
  }
  CHECK(turns == std::vector<int>{Choice::rounds, Choice::rounds, Choice::rounds});
  CHECK(choice.now() == 1);
}

TEST_CASE("what the model expected stays where another is hardly faster, and alone it needs no turns") {
  Choice close(2), alone(1);
  decide(close, {1.0, 0.99});
  CHECK(close.now() == 0);
  CHECK_FALSE(alone.open());
  CHECK(alone.now() == 0);
}

TEST_CASE("a second start takes no turns") {
  const CacheHome home;
  {
    Choices first(true);
    CHECK(decide(first.of("product 8x8", 2), {2.0, 1.0}) == 2 * Choice::rounds);
    first.of("not decided", 2).took(1.0);
    CHECK(&first.of("product 8x8", 2) == &first.of("product 8x8", 2));
  }
  {
    Choices second(true);
    CHECK_FALSE(second.of("product 8x8", 2).open());
    CHECK(second.of("product 8x8", 2).now() == 1);
    CHECK(second.of("not decided", 2).open());
    CHECK(second.of("product 8x8", 3).open());  // other candidates
    decide(second.of("product 9x9", 2), {1.0, 2.0});
  }
  Choices third(true);
  CHECK(third.of("product 8x8", 2).now() == 1);
  CHECK_FALSE(third.of("product 9x9", 2).open());
  CHECK(Choices(false).of("product 8x8", 2).open());
}

TEST_CASE("a damaged or foreign cache is ignored") {
  const CacheHome home;
  const std::string mine = "dlcli choices 2: " + processor_key() + "\n";
  { decide(Choices(true).of("p", 2), {2.0, 1.0}); }
  const std::string name = home.file_name();
  REQUIRE(read_cached(name) == mine + "p of 2 1\n");
  for (const std::string& text :
       {std::string("dlcli choices 2: another processor\np of 2 1\n"), mine + "p of 2\n", mine + "p of 2 7\n",
        mine + "p of 2 -1\n", mine + "p of 2 x\n", mine + "\n\n 1\n", mine, std::string("\n"), std::string()}) {
    CAPTURE(text);
    write_cached(name, text);
    CHECK(Choices(true).of("p", 2).open());
  }
  write(home / "dlcli" / name, std::string(1000, '\0'));
  CHECK(Choices(true).of("p", 2).open());
  {  // and written anew
    Choices again(true);
    decide(again.of("p", 2), {2.0, 1.0});
  }
  CHECK_FALSE(Choices(true).of("p", 2).open());
}

}  // namespace dl::testing
