#include "peer_shares.h"

#include "samples.h"
#include "unit.h"

namespace wolfguard {

UNIT_TEST("of small datagrams in trains a peer gets its share of each wake-up and no more") {
  PeerShares shares;
  const Endpoint loud = samples::endpoint(1, 1), other = samples::endpoint(1, 2);
  for (int wakeup = 0; wakeup < 3; wakeup++) {
    shares.begin();
    size_t granted = 0;
    for (int train = 0; train < 100; train++) granted += shares.grant(loud, 64, 93);
    CHECK_EQUAL(granted, PeerShares::kShare);
    CHECK_EQUAL(shares.grant(other, 64, 93), size_t{64});
  }
}

UNIT_TEST("large datagrams, and those that came alone, are never held back") {
  PeerShares shares;
  shares.begin();
  const Endpoint peer = samples::endpoint(1, 1);
  for (int i = 0; i < 1000; i++) {
    CHECK_EQUAL(shares.grant(peer, 45, 1438), size_t{45});
    CHECK_EQUAL(shares.grant(peer, 1, 93), size_t{1});
  }
  CHECK_EQUAL(shares.grant(peer, 64, 93), size_t{64});
}

UNIT_TEST("more peers than are counted have no share to keep to") {
  PeerShares shares;
  shares.begin();
  for (int i = 0; i < 5000; i++) {
    const Endpoint peer = samples::endpoint(1, static_cast<uint16_t>(i));
    CHECK_EQUAL(shares.grant(peer, 100, 93), size_t{100});
  }
}

}  // namespace wolfguard
