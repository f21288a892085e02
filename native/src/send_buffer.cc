#include "send_buffer.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>

namespace wolfguard {

namespace {
/** A batch of records (tls_channel.cc) and the largest record behind it. */
constexpr size_t kBlockSize = 96 << 10;
}  // namespace

/** Blocks that have just been in use, for the next connection that has something to send. */
struct SendBuffer::Spares {
  std::array<Block, 8> blocks;
  size_t count = 0;
};

SendBuffer::Spares& SendBuffer::spares() {
  static thread_local Spares spares;
  return spares;
}

SendBuffer& SendBuffer::operator=(SendBuffer&& other) noexcept {
  if (this == &other) return *this;
  release();
  block_ = std::move(other.block_);
  capacity_ = std::exchange(other.capacity_, 0);
  begin_ = std::exchange(other.begin_, 0);
  end_ = std::exchange(other.end_, 0);
  return *this;
}

uint8_t* SendBuffer::room(size_t size) {
  if (end_ + size <= capacity_) return block_.get() + end_;
  const size_t used = end_ - begin_;
  if (capacity_ > 0 && used + size <= capacity_) {
    memmove(block_.get(), block_.get() + begin_, used);
  } else if (capacity_ == 0 && size <= kBlockSize && spares().count > 0) {
    block_ = std::move(spares().blocks[--spares().count]);
    capacity_ = kBlockSize;
  } else {
    const size_t capacity = std::max(kBlockSize, 2 * (used + size));
    Block larger(static_cast<uint8_t*>(malloc(capacity)));
    if (!larger) std::abort();  // as operator new does here: there are no exceptions
    if (used > 0) memcpy(larger.get(), block_.get() + begin_, used);
    block_ = std::move(larger);
    capacity_ = capacity;
  }
  begin_ = 0;
  end_ = used;
  return block_.get() + end_;
}

void SendBuffer::append(ByteView bytes) {
  if (bytes.empty()) return;
  memcpy(room(bytes.size()), bytes.data(), bytes.size());
  commit(bytes.size());
}

SendBuffer::Sent SendBuffer::send_to(int fd) {
  while (begin_ < end_) {
    const ssize_t n = send(fd, block_.get() + begin_, end_ - begin_, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK ? Sent::kSome : Sent::kBroken;
    }
    begin_ += static_cast<size_t>(n);
  }
  release();
  return Sent::kAll;
}

void SendBuffer::release() {
  if (capacity_ == kBlockSize && spares().count < spares().blocks.size()) {
    spares().blocks[spares().count++] = std::move(block_);
  }
  block_.reset();
  capacity_ = begin_ = end_ = 0;
}

}  // namespace wolfguard
