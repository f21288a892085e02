#include "waiting_room.h"

namespace wolfguard {

size_t WaitingRoom::hold(const Address& inside, ByteView packet, int64_t now) {
  auto it = queues_.find(inside);
  if (it == queues_.end()) {
    if (queues_.size() >= kMaxAddresses) return 1;
    it = queues_.try_emplace(inside).first;
    it->second.until = now + kHoldMs;
  }
  return it->second.packets.add_data(packet);
}

size_t WaitingRoom::expire(int64_t now) {
  size_t lost = 0;
  for (auto it = queues_.begin(); it != queues_.end();) {
    Queue& queue = it->second;
    if (now < queue.until) {
      ++it;
      continue;
    }
    for (; !queue.packets.empty(); queue.packets.pop()) lost++;
    it = queues_.erase(it);
  }
  return lost;
}

}  // namespace wolfguard
