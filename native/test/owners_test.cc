#include "owners.h"

#include <atomic>
#include <map>
#include <thread>

#include "random.h"
#include "unit.h"

namespace wolfguard {
namespace {

OwnersKey key_of(uint32_t number) {
  uint8_t address[4] = {10, static_cast<uint8_t>(number >> 16), static_cast<uint8_t>(number >> 8),
                        static_cast<uint8_t>(number)};
  return OwnersKey::from4(address);
}

}  // namespace

UNIT_TEST("the owners table does as a map does, through many rebuilds") {
  auto writer = OwnersWriter::create(64);
  REQUIRE(!writer.failed());
  const OwnersView view = OwnersView::map(Fd(writer.value()->take_fd()).get());
  REQUIRE(view.valid());
  Random random(6);
  std::map<uint32_t, int> model;
  for (int i = 0; i < 20000; i++) {
    const auto number = static_cast<uint32_t>(random.below(400));
    const int worker = random.one_in(2) ? -1 : static_cast<int>(random.below(8));
    const OsError error = writer.value()->set(key_of(number), worker);
    if (worker >= 0 && !model.contains(number) && model.size() == 64) {
      CHECK_EQUAL(error.code, ENOSPC);
    } else {
      CHECK(!error.failed());
      if (worker < 0) {
        model.erase(number);
      } else {
        model[number] = worker;
      }
    }
    const auto it = model.find(number);
    if (!CHECK_EQUAL(view.find(key_of(number)), it == model.end() ? -1 : it->second)) return;
  }
  CHECK(writer.value()->rebuilds() > 10);
}

UNIT_TEST("the owners table grows with its keys and shrinks when they are gone") {
  constexpr uint32_t kKeys = 50'000;
  auto writer = OwnersWriter::create(1 << 20);
  REQUIRE(!writer.failed());
  const OwnersView view = OwnersView::map(Fd(writer.value()->take_fd()).get());
  CHECK_EQUAL(writer.value()->slots_in_use(), uint64_t{1024});
  for (uint32_t i = 0; i < kKeys; i++) {
    REQUIRE(!writer.value()->set(key_of(i), static_cast<int>(i % 7)).failed());
  }
  CHECK(writer.value()->slots_in_use() > kKeys);
  CHECK(writer.value()->slots_in_use() <= 4 * kKeys);
  int wrong = 0;
  for (uint32_t i = 0; i < kKeys; i++) {
    if (view.find(key_of(i)) != static_cast<int>(i % 7)) wrong++;
  }
  CHECK_EQUAL(wrong, 0);
  CHECK_EQUAL(view.find(key_of(kKeys)), -1);
  for (uint32_t i = 0; i < kKeys; i++) CHECK(!writer.value()->set(key_of(i), -1).failed());
  // The space that the dead ones hold is found when it is needed.
  for (uint32_t i = 0; i < 2 * kKeys; i++) {
    CHECK(!writer.value()->set(key_of(kKeys + i), 1).failed());
    CHECK(!writer.value()->set(key_of(kKeys + i), -1).failed());
  }
  CHECK_EQUAL(writer.value()->slots_in_use(), uint64_t{1024});
}

UNIT_TEST("an address has the owner of its network, unless it has one of its own") {
  auto writer = OwnersWriter::create(64);
  REQUIRE(!writer.failed());
  const OwnersView view = OwnersView::map(Fd(writer.value()->take_fd()).get());
  const auto owner_of = [&](uint32_t number) { return view.find_covering(key_of(number)); };
  CHECK(!writer.value()->set(key_of(0x10200).network(8), 1).failed());
  CHECK_EQUAL(owner_of(0x10200), 1);
  CHECK_EQUAL(owner_of(0x102ff), 1);
  CHECK_EQUAL(owner_of(0x10300), -1);
  CHECK_EQUAL(owner_of(0x101ff), -1);
  CHECK_EQUAL(view.find(key_of(0x10200)), -1);
  CHECK(!writer.value()->set(key_of(0x10207), 2).failed());
  CHECK(!writer.value()->set(key_of(0x10210).network(4), 3).failed());
  CHECK_EQUAL(owner_of(0x10207), 2);
  CHECK_EQUAL(owner_of(0x10217), 3);
  CHECK_EQUAL(owner_of(0x10220), 1);
  CHECK(!writer.value()->set(key_of(0x10210).network(4), -1).failed());
  CHECK_EQUAL(owner_of(0x10217), 1);
  CHECK(!writer.value()->set(key_of(0x10200).network(8), -1).failed());
  CHECK_EQUAL(owner_of(0x10217), -1);
  CHECK_EQUAL(owner_of(0x10207), 2);
  CHECK_EQUAL(writer.value()->set(key_of(0).network(128), 1).code, EINVAL);
}

UNIT_TEST("networks of any length in the owners table do as in a list, through rebuilds") {
  constexpr uint64_t kCapacity = 4096;
  auto writer = OwnersWriter::create(kCapacity);
  REQUIRE(!writer.failed());
  const OwnersView view = OwnersView::map(Fd(writer.value()->take_fd()).get());
  Random random(11);
  // /128s and networks up to /1, half of them with bits in the upper word alone.
  const auto random_key = [&] {
    const auto bits = static_cast<uint32_t>(random.below(128));
    return OwnersKey{htobe64(random.below(8) << 61 | random.below(4)), htobe64(random.below(256)),
                     0}
        .network(bits);
  };
  std::vector<std::pair<OwnersKey, int>> model;
  for (int i = 0; i < 12000; i++) {
    const OwnersKey key = random_key();
    const int worker = random.one_in(2) ? -1 : static_cast<int>(random.below(8));
    std::erase_if(model, [&](const auto& entry) { return entry.first == key; });
    CHECK(!writer.value()->set(key, worker).failed());
    if (worker >= 0) model.emplace_back(key, worker);
    if (i % 10 != 0) continue;
    const OwnersKey address = random_key().network(0);
    const OwnersKey asked{address.high, address.low, 0};
    std::pair<OwnersKey, int> best{{0, 0, 128}, -1};
    for (const auto& entry : model) {
      const uint32_t bits = entry.first.host_bits;
      if (bits < best.first.host_bits && asked.network(bits) == entry.first) best = entry;
    }
    if (!CHECK_EQUAL(view.find_covering(asked), best.second)) return;
  }
  // It begins with 1.
  CHECK(writer.value()->rebuilds() > 1);
}

UNIT_TEST("a thread that reads the owners table while it changes never sees a wrong worker") {
  auto writer = OwnersWriter::create(4096);
  REQUIRE(!writer.failed());
  const OwnersView view = OwnersView::map(Fd(writer.value()->take_fd()).get());
  // Number n belongs to worker n % 7, or to nobody for a moment; never to another.
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::atomic<uint64_t> reads{0};
  std::thread reader([&] {
    Random random(7);
    while (!stop.load()) {
      const auto number = static_cast<uint32_t>(random.below(20'000));
      const int owner = view.find(key_of(number));
      if (owner != -1 && owner != static_cast<int>(number % 7)) wrong++;
      reads++;
    }
  });
  Random random(8);
  std::vector<uint32_t> live;
  for (int i = 0; i < 100000; i++) {
    // Now few of them and now many: the table grows and shrinks on the way.
    while (live.size() > (i % 20'000 < 10'000 ? 64u : 4000u)) {
      const size_t at = random.below(live.size());
      CHECK(!writer.value()->set(key_of(live[at]), -1).failed());
      live[at] = live.back();
      live.pop_back();
    }
    const auto number = static_cast<uint32_t>(random.below(20'000));
    if (view.find(key_of(number)) != -1) continue;
    if (!writer.value()->set(key_of(number), static_cast<int>(number % 7)).failed()) {
      live.push_back(number);
    }
  }
  while (reads < 1000) std::this_thread::yield();
  stop = true;
  reader.join();
  CHECK_EQUAL(wrong.load(), 0);
}

}  // namespace wolfguard
