#include "datagram_bio.h"

#include <algorithm>
#include <cstring>

#include "dtls_record.h"

namespace wolfguard {

namespace {

/** A handshake message of ours is far smaller: nothing is ever fragmented. */
constexpr long kHandshakeMtu = 1200;

}  // namespace

bool DatagramBio::attach(SSL* ssl) {
  BIO* bio = BIO_new(method());
  if (bio == nullptr) return false;
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_mtu(ssl, kHandshakeMtu);
  return true;
}

void DatagramBio::set_input(const uint8_t* datagram, size_t size) {
  input_ = datagram;
  input_size_ = size;
}

BIO_METHOD* DatagramBio::method() {
  static BIO_METHOD* shared = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams");
    BIO_meth_set_write(made, write);
    BIO_meth_set_read(made, read);
    BIO_meth_set_ctrl(made, control);
    return made;
  }();
  return shared;
}

int DatagramBio::write(BIO* bio, const char* data, int size) {
  auto* self = static_cast<DatagramBio*>(BIO_get_data(bio));
  const auto* bytes = reinterpret_cast<const uint8_t*>(data);
  self->note_epoch1_records(bytes, static_cast<size_t>(size));
  self->on_output(bytes, static_cast<size_t>(size));
  return size;
}

/** Finished, and each repetition of it, uses a number of epoch 1: we go on behind the last. */
void DatagramBio::note_epoch1_records(const uint8_t* datagram, size_t size) {
  while (const auto header = parse_dtls_header(datagram, size)) {
    if (header->epoch == 1) next_sequence_ = header->sequence + 1;
    datagram += kDtlsHeaderSize + header->length;
    size -= kDtlsHeaderSize + header->length;
  }
}

int DatagramBio::read(BIO* bio, char* out, int size) {
  auto* self = static_cast<DatagramBio*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (self->input_size_ == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const size_t n = std::min(self->input_size_, static_cast<size_t>(size));
  memcpy(out, self->input_, n);
  self->input_size_ = 0;  // a datagram is read whole or cut
  return static_cast<int>(n);
}

long DatagramBio::control(BIO*, int command, long number, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
      return kHandshakeMtu;
    case BIO_CTRL_DGRAM_SET_MTU:
      return number;
    default:
      return 0;
  }
}

}  // namespace wolfguard
