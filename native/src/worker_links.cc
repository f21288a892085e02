#include "worker_links.h"

#include <sys/uio.h>

namespace wolfguard {

bool WorkerLinks::send(int worker, LinkKind kind, const UdpPath& path, ByteView payload) const {
  if (worker < 0 || worker >= count() || worker == self_) return false;
  uint8_t header[kHeaderSize] = {};
  header[0] = static_cast<uint8_t>(kind);
  header[1] = path.socket;
  store16(header + 2, static_cast<uint16_t>(self_));
  store16(header + 4, path.peer.port);
  memcpy(header + 8, path.peer.address.data(), 16);
  memcpy(header + 24, path.local.data(), 16);
  iovec parts[2] = {{header, sizeof header},
                    {const_cast<uint8_t*>(payload.data()), payload.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  return sendmsg(outboxes_[static_cast<size_t>(worker)], &message, MSG_DONTWAIT | MSG_NOSIGNAL) >=
         0;
}

void WorkerLinks::broadcast(LinkKind kind, const UdpPath& path, ByteView payload) const {
  for (int worker = 0; worker < count(); worker++) send(worker, kind, path, payload);
}

bool WorkerLinks::parse(uint8_t* data, size_t size, LinkMessage* message) const {
  if (size < kHeaderSize || data[0] < 1 || data[0] > 5) return false;
  message->kind = static_cast<LinkKind>(data[0]);
  message->path.socket = data[1];
  message->from_worker = load16(data + 2);
  message->path.peer.port = load16(data + 4);
  memcpy(message->path.peer.address.data(), data + 8, 16);
  memcpy(message->path.local.data(), data + 24, 16);
  message->payload = data + kHeaderSize;
  message->size = size - kHeaderSize;
  return message->from_worker < count();
}

}  // namespace wolfguard
