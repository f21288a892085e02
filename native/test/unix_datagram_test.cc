// Datagrams to sockets that read, do not read, or are not there.
#include "unix_datagram.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "fd.h"
#include "unit.h"

namespace wolfguard {
namespace {

const std::vector<uint8_t> kWord{'R', 'E', 'A', 'D', 'Y'};

/** An abstract name of this process. */
std::string abstract_name(const char* what) {
  return "@wolfguard-test-" + std::string(what) + std::to_string(::getpid());
}

Fd listen_at(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (path.front() == '@') address.sun_path[0] = '\0';
  Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  CHECK(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0);
  return fd;
}

Delivery delivery(const std::string& path) {
  auto result = send_unix_datagram(path, kWord);
  CHECK(!result.failed());
  return result.value();
}

int error_for(const std::string& path, size_t bytes) {
  return send_unix_datagram(path, std::vector<uint8_t>(bytes)).error().code;
}

}  // namespace

UNIT_TEST("a datagram arrives whole at an abstract name and at a path") {
  const std::string path = "/tmp/wolfguard-test-" + std::to_string(::getpid());
  for (const std::string& name : {abstract_name("whole"), path}) {
    const Fd socket = listen_at(name);
    CHECK(delivery(name) == Delivery::kSent);
    char read[16];
    CHECK_EQUAL(::recv(socket.get(), read, sizeof read, 0), 5);
    CHECK_EQUAL(std::string(read, 5), std::string("READY"));
  }
  ::unlink(path.c_str());
}

UNIT_TEST("a receiver that does not read is full, and does not fill up the next one") {
  const std::string slow = abstract_name("slow"), next = abstract_name("next");
  const Fd first = listen_at(slow), second = listen_at(next);
  int sent = 0;
  while (sent < 100000 && delivery(slow) == Delivery::kSent) ++sent;
  CHECK(sent > 0 && sent < 100000);
  CHECK(delivery(slow) == Delivery::kFull);
  CHECK(delivery(next) == Delivery::kSent);
}

UNIT_TEST("a receiver that is not there is gone") {
  CHECK(delivery(abstract_name("nobody")) == Delivery::kGone);
  CHECK(delivery("/nowhere/at/all") == Delivery::kGone);
}

UNIT_TEST("what is no path of a socket, and more than a datagram holds, is an error") {
  const std::string name = abstract_name("large");
  const Fd socket = listen_at(name);
  CHECK_EQUAL(error_for(name, 8 << 20), EMSGSIZE);
  CHECK_EQUAL(error_for("", 1), EINVAL);
  CHECK_EQUAL(error_for(std::string("/tmp/a\0b", 8), 1), EINVAL);
  CHECK_EQUAL(error_for(std::string(200, '/'), 1), ENAMETOOLONG);
}

}  // namespace wolfguard
