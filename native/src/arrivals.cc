#include "arrivals.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace wolfguard {

namespace {

Endpoint local_endpoint(int fd) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
  return endpoint_from(name);
}

/** Unsent data a tunnel's socket may hold before it stops being writable (trial: 128 KiB serves).
 */
constexpr int kNotSentLowWater = 128 << 10;

void set_options(int fd) {
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
  setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kNotSentLowWater, sizeof kNotSentLowWater);
}

}  // namespace

Arrivals::Arrivals(const std::vector<int>& listeners, ProxyOptions proxy, int64_t header_timeout_ms,
                   size_t max_waiting, Welcome welcome, EngineTotals* totals)
    : listeners_(listeners),
      proxy_(std::move(proxy)),
      header_timeout_ms_(header_timeout_ms),
      max_waiting_(max_waiting),
      welcome_(std::move(welcome)),
      totals_(totals) {}

void Arrivals::watch(Poller& poller, const Tags& tags) {
  poller_ = &poller;
  tags_ = tags;
  listeners_.watch(poller, tags.first_listener, tags.step);
}

bool Arrivals::accept_all(size_t listener, int64_t now) {
  return listeners_.accept_all(
      listener, now, [&](Fd socket, const Endpoint& peer) { take(std::move(socket), peer, now); });
}

void Arrivals::take(Fd socket, const Endpoint& peer, int64_t now) {
  if (proxy_.mode == ProxyMode::kOff) {
    greet({std::move(socket), peer, {}, false, false, now, {}});
    return;
  }
  const bool trusted = proxy_.trusted.contains(peer.address);
  if (!trusted || waiting_.size() >= max_waiting_) {
    totals_->add(trusted ? FrontSum::kRefusedFull : FrontSum::kRefusedProxy);
    return;
  }
  const int fd = socket.get();
  poller_->add(fd, EPOLLIN, tags_.first_waiting + static_cast<uint64_t>(fd) * tags_.step);
  waiting_.emplace(fd, Waiting{std::move(socket), peer, now, {}});
}

void Arrivals::on_waiting(int fd) {
  const auto it = waiting_.find(fd);
  if (it != waiting_.end() && !read_header(it->second)) waiting_.erase(it);
}

/** Never more than a header may have, in as few calls as it came in; false: it waits no more. */
bool Arrivals::read_header(Waiting& waiting) {
  Bytes& head = waiting.head;
  const size_t before = head.size();
  head.resize(kMaxProxyHeader);
  const ssize_t n = recv(waiting.socket.get(), head.data() + before, head.size() - before, 0);
  head.resize(before + static_cast<size_t>(std::max<ssize_t>(n, 0)));
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  if (n == 0) return false;
  const ProxyHeader header = parse_proxy_header(proxy_.mode, head.data(), head.size());
  if (header.status == ProxyHeader::Status::kMore) {
    head.shrink_to_fit();
    return true;
  }
  if (header.status == ProxyHeader::Status::kBad) return false;
  poller_->remove(waiting.socket.get());
  Arrival arrival{
      std::move(waiting.socket),          waiting.peer, {}, true, !header.ends, waiting.since,
      ByteView(head).subspan(header.size)};
  if (header.ends) {
    arrival.peer = header.ends->client;
    arrival.local = header.ends->server;
  }
  greet(std::move(arrival));
  return false;
}

void Arrivals::greet(Arrival arrival) {
  // A proxy that only looks after us is not to be shut out by what was done through it.
  if (!arrival.from_proxy) {
    const Address source = source_of(arrival.peer.address);
    const bool banned = banned_.contains(source);
    if (banned || !rate_.take(source, arrival.since)) {
      totals_->add(banned ? FrontSum::kRefusedBanned : FrontSum::kRefusedRate);
      return;
    }
  }
  set_options(arrival.socket.get());
  if (arrival.local == Endpoint{}) arrival.local = local_endpoint(arrival.socket.get());
  welcome_(std::move(arrival));
}

void Arrivals::sweep(int64_t now) {
  listeners_.sweep(now);
  std::erase_if(waiting_,
                [&](const auto& entry) { return now - entry.second.since >= header_timeout_ms_; });
}

void Arrivals::ban(const std::vector<Address>& add, const std::vector<Address>& remove) {
  for (const Address& source : remove) banned_.erase(source);
  banned_.insert(add.begin(), add.end());
}

}  // namespace wolfguard
