#include "train_sender.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace wolfguard::load {

namespace {

constexpr size_t kBufferSize = 256 << 10;
/** UDP_MAX_SEGMENTS before Linux 6.9. */
constexpr int kMaxSegments = 64;
/** 65,535 less the IPv6 and UDP headers, and room for the kernel's own reckoning. */
constexpr size_t kMaxTrainSize = 65400;

}  // namespace

TrainSender::TrainSender(size_t max_datagram, bool segmentation)
    : segmentation_(segmentation), buffer_(new uint8_t[kBufferSize + max_datagram]) {}

uint8_t* TrainSender::slot() {
  if (used_ >= kBufferSize || count_ == kMaxTrains) send_all();
  return buffer_.get() + used_;
}

void TrainSender::commit(int fd, size_t size) {
  if (fits_last_train(fd, size)) {
    trains_[count_ - 1].size += size;
    trains_[count_ - 1].count++;
  } else {
    trains_[count_++] = {fd, buffer_.get() + used_, size, size, 1};
  }
  used_ += size;
}

bool TrainSender::fits_last_train(int fd, size_t size) const {
  if (!segmentation_ || count_ == 0) return false;
  const Train& train = trains_[count_ - 1];
  const bool last_was_full = train.size == train.segment_size * static_cast<size_t>(train.count);
  return train.fd == fd && last_was_full && size <= train.segment_size &&
         train.count < kMaxSegments && train.size + size <= kMaxTrainSize;
}

uint64_t TrainSender::flush() {
  send_all();
  return std::exchange(lost_, 0);
}

void TrainSender::send_all() {
  for (size_t i = 0; i < count_; i++) describe(i);
  for (size_t from = 0; from < count_;) {
    const int fd = trains_[from].fd;
    size_t end = from + 1;
    while (end < count_ && trains_[end].fd == fd) end++;
    const int n = sendmmsg(fd, &messages_[from], static_cast<unsigned>(end - from), MSG_DONTWAIT);
    if (n > 0) {
      from += static_cast<size_t>(n);
    } else if (errno != EINTR) {
      if (trains_[from].count > 1 && (errno == EIO || errno == EINVAL || errno == EOPNOTSUPP)) {
        segmentation_ = false;  // refused: every datagram leaves alone from now on
        send_alone(from);
      } else {
        lost_ += static_cast<uint64_t>(trains_[from].count);
      }
      from++;
    }
  }
  count_ = 0;
  used_ = 0;
}

void TrainSender::send_alone(size_t i) {
  const Train& train = trains_[i];
  for (size_t at = 0; at < train.size; at += train.segment_size) {
    const size_t size = std::min(train.segment_size, train.size - at);
    if (send(train.fd, train.data + at, size, MSG_DONTWAIT) < 0) lost_++;
  }
}

void TrainSender::describe(size_t i) {
  const Train& train = trains_[i];
  parts_[i] = {train.data, train.size};
  msghdr& header = messages_[i].msg_hdr;
  header = {};
  header.msg_iov = &parts_[i];
  header.msg_iovlen = 1;
  if (train.count == 1) return;
  const auto segment_size = static_cast<uint16_t>(train.segment_size);
  cmsghdr control{};
  control.cmsg_len = CMSG_LEN(sizeof segment_size);
  control.cmsg_level = IPPROTO_UDP;
  control.cmsg_type = UDP_SEGMENT;
  memcpy(control_[i], &control, sizeof control);
  memcpy(control_[i] + CMSG_LEN(0), &segment_size, sizeof segment_size);
  header.msg_control = control_[i];
  header.msg_controllen = sizeof control_[i];
}

}  // namespace wolfguard::load
