#include "super_packets.h"

#include <cstring>

#include "segmenter.h"
#include "unit.h"

namespace wolfguard {

std::vector<Written> read_written(FakeTun& tun) {
  std::vector<Written> all;
  for (const Bytes& message : tun.read_all()) {
    Written one;
    memcpy(&one.header, message.data(), sizeof one.header);
    one.packet.assign(message.begin() + sizeof one.header, message.end());
    all.push_back(std::move(one));
  }
  return all;
}

std::vector<Bytes> cut(const Written& from) {
  Bytes room(8);
  room.insert(room.end(), from.packet.begin(), from.packet.end());
  std::vector<Bytes> packets;
  const bool sound =
      segment(from.header, room.data() + 8, from.packet.size(), [&](uint8_t* packet, size_t size) {
        packets.emplace_back(packet, packet + size);
        memset(packet - 8, 0xee, 8);
      });
  if (!sound) unit::fail(__FILE__, __LINE__, "the segmenter refuses what the coalescer made");
  return packets;
}

}  // namespace wolfguard
