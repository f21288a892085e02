#include "waiting_room.h"

#include "random.h"
#include "samples.h"
#include "unit.h"

namespace wolfguard {
namespace {

Address address(uint16_t last) {
  Address inside{};
  store16(inside.data() + 14, last);
  return inside;
}

std::vector<Bytes> released(WaitingRoom& room, const Address& inside) {
  std::vector<Bytes> packets;
  room.release(inside,
               [&](ByteView packet) { packets.emplace_back(packet.begin(), packet.end()); });
  return packets;
}

}  // namespace

UNIT_TEST("packets wait by address, and come out once and in their order") {
  WaitingRoom room;
  CHECK(room.empty());
  for (uint8_t i = 0; i < 9; i++)
    CHECK_EQUAL(room.hold(address(i % 3), Bytes(i + 1, i), 0), size_t{0});
  CHECK(released(room, address(1)) == (std::vector<Bytes>{Bytes(2, 1), Bytes(5, 4), Bytes(8, 7)}));
  CHECK(released(room, address(1)).empty());
  CHECK(released(room, address(7)).empty());
  size_t others = 0;
  room.release_if([](const Address& inside) { return inside == address(2); },
                  [&](const Address& inside, ByteView) { others += inside == address(2); });
  CHECK_EQUAL(others, size_t{3});
  CHECK_EQUAL(released(room, address(0)).size(), size_t{3});
  CHECK(room.empty());
}

UNIT_TEST("a packet may go back to the room while it is being emptied") {
  WaitingRoom room;
  room.hold(address(1), Bytes(4, 1), 0);
  room.hold(address(1), Bytes(4, 2), 0);
  room.release(address(1), [&](ByteView packet) { room.hold(address(1), packet, 5); });
  CHECK(released(room, address(1)) == (std::vector<Bytes>{Bytes(4, 1), Bytes(4, 2)}));
}

UNIT_TEST("an address that floods loses its oldest packets, and no others") {
  WaitingRoom room;
  room.hold(address(2), Bytes(9, 9), 0);
  size_t lost = 0;
  for (int i = 0; i < 1000; i++)
    lost += room.hold(address(1), Bytes(1400, static_cast<uint8_t>(i)), 0);
  const auto left = released(room, address(1));
  CHECK_EQUAL(left.size() + lost, size_t{1000});
  CHECK(left.size() > 150 && left.back()[0] == static_cast<uint8_t>(999));
  CHECK_EQUAL(released(room, address(2)).size(), size_t{1});
}

UNIT_TEST("the room takes so many addresses and no more") {
  WaitingRoom room;
  for (size_t i = 0; i < WaitingRoom::kMaxAddresses; i++) {
    CHECK_EQUAL(room.hold(address(static_cast<uint16_t>(i)), Bytes(1, 1), 0), size_t{0});
  }
  CHECK_EQUAL(room.hold(address(60000), Bytes(1, 1), 0), size_t{1});
  CHECK_EQUAL(room.hold(address(0), Bytes(1, 1), 0), size_t{0});
}

UNIT_TEST("what nobody has come for in time is lost, counted from the first packet") {
  WaitingRoom room;
  room.hold(address(1), Bytes(1, 1), 1000);
  room.hold(address(1), Bytes(1, 1), 1000 + WaitingRoom::kHoldMs - 1);
  room.hold(address(2), Bytes(1, 1), 1500);
  CHECK_EQUAL(room.expire(1000 + WaitingRoom::kHoldMs - 1), size_t{0});
  CHECK_EQUAL(room.expire(1000 + WaitingRoom::kHoldMs), size_t{2});
  CHECK_EQUAL(released(room, address(2)).size(), size_t{1});
}

}  // namespace wolfguard
