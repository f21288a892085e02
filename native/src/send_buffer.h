// Bytes on their way into a socket: appended in place, sent in one call, and nothing at all while
// there are none. Its block comes from a few spare ones of the thread.
#pragma once

#include <cstdlib>
#include <memory>
#include <utility>

#include "bytes.h"

namespace wolfguard {

class SendBuffer {
 public:
  SendBuffer() = default;
  SendBuffer(SendBuffer&& other) noexcept { *this = std::move(other); }
  SendBuffer& operator=(SendBuffer&& other) noexcept;
  ~SendBuffer() { release(); }

  /** Room for `size` more bytes; they count once they are committed. */
  uint8_t* room(size_t size);
  void commit(size_t size) { end_ += size; }
  void append(ByteView bytes);

  bool empty() const { return begin_ == end_; }
  size_t size() const { return end_ - begin_; }
  ByteView view() const { return {block_.get() + begin_, size()}; }

  enum class Sent { kAll, kSome, kBroken };
  /** Sends as much as the socket takes. */
  Sent send_to(int fd);

  /** Forgets what is left and gives the block back. */
  void release();

 private:
  struct Free {
    void operator()(uint8_t* block) const { free(block); }
  };
  using Block = std::unique_ptr<uint8_t, Free>;
  struct Spares;
  static Spares& spares();

  Block block_;
  size_t capacity_ = 0, begin_ = 0, end_ = 0;
};

}  // namespace wolfguard
