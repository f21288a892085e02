// What an idle tunnel costs: a server holds 100,000 of them.
#include "heap_count.h"
#include "lossy_network.h"
#include "random.h"
#include "tls_pair.h"
#include "unit.h"

namespace wolfguard {
namespace {

/** Both channels up with the records that are our own, and a packet has come by each. */
void open_tunnel(ChannelRig& rig, uint8_t number) {
  const Bytes secret = Random(number).bytes(32);
  Tunnel* tunnel = rig.add_tunnel(number, secret);
  {
    TlsPair pair;
    REQUIRE(pair.up());
    tunnel->connection->channel = TlsChannel::take_over(pair.release_stream(), -1);
  }
  const auto client = DtlsClient::create({ChannelRig::app_id_of(number), secret, {}, true});
  REQUIRE(client != nullptr);
  LossyNetwork network(&rig, client.get(), {}, false);
  CHECK(network.run());
  CHECK(tunnel->sends_by_dtls() && !tunnel->pending);
}

/** Gives this thread all the cipher contexts that its keys share, in the suite of both channels. */
std::vector<std::unique_ptr<AeadKey>> fill_contexts() {
  constexpr int kContexts = 256;  // aead.cc
  std::vector<std::unique_ptr<AeadKey>> keys;
  uint8_t bytes[kMaxAeadKeySize + kAeadTagSize] = {};
  for (int i = 0; i < kContexts; i++) {
    keys.push_back(std::make_unique<AeadKey>(AeadSuite::kAes256Gcm, bytes));
    keys.back()->seal({}, {}, bytes, 1, bytes);
  }
  return keys;
}

}  // namespace

UNIT_TEST("an idle tunnel with both channels up takes less than 2 KiB of heap") {
  constexpr uint8_t kTunnels = 32;
  ChannelRig rig;
  const auto keys = fill_contexts();
  open_tunnel(rig, 1);  // it leaves behind what all share: OpenSSL's tables, buffers
  rig.events.reserve(kTunnels + 1);
  const HeapCount heap;
  for (uint8_t i = 2; i < 2 + kTunnels; i++) open_tunnel(rig, i);
  const int64_t each = heap.bytes() / kTunnels;
  // The keys of both channels alone are more than this: the count counts.
  if (each < 500 || each >= 2048) {
    unit::fail(__FILE__, __LINE__, std::to_string(each) + " bytes a tunnel");
  }
}

}  // namespace wolfguard
