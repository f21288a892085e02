#include "steering.h"

#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "bpf.h"

namespace wolfguard {
namespace {

/** Entries are allocated one by one: an unused capacity costs 16 bytes each, not 80. */
Result<Fd> create_worker_map(uint32_t key_size, uint32_t capacity) {
  return create_bpf_map(
      {BPF_MAP_TYPE_HASH, key_size, sizeof(uint32_t), capacity, BPF_F_NO_PREALLOC});
}

Result<Fd> create_socket_array(const std::vector<int>& sockets) {
  auto array = create_bpf_map({BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, sizeof(uint32_t), sizeof(uint64_t),
                               static_cast<uint32_t>(sockets.size())});
  if (array.failed()) return array.error();
  for (uint32_t worker = 0; worker < sockets.size(); ++worker) {
    const auto socket = static_cast<uint64_t>(sockets[worker]);
    const OsError error = set_bpf_entry(array.value().get(), &worker, &socket);
    if (error.failed()) return error;
  }
  return array;
}

/** The group keeps the program, and the program its maps. */
OsError steer_group(const std::vector<int>& sockets, int endpoint_map) {
  if (sockets.empty()) return {EINVAL, "SO_ATTACH_REUSEPORT_EBPF"};
  auto array = create_socket_array(sockets);
  if (array.failed()) return array.error();
  auto program = load_bpf_program(BPF_PROG_TYPE_SK_REUSEPORT,
                                  outside_steering_program(endpoint_map, array.value().get()));
  if (program.failed()) return program.error();
  const int fd = program.value().get();
  if (::setsockopt(sockets[0], SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, &fd, sizeof fd) == 0) {
    return {};
  }
  return OsError::last("SO_ATTACH_REUSEPORT_EBPF");
}

}  // namespace

Result<Fd> steer_inside(int tun_queue, uint32_t capacity) {
  auto map = create_worker_map(sizeof(InsideKey), capacity);
  if (map.failed()) return map.error();
  auto program =
      load_bpf_program(BPF_PROG_TYPE_SOCKET_FILTER, inside_steering_program(map.value().get()));
  if (program.failed()) return program.error();
  int fd = program.value().get();
  if (::ioctl(tun_queue, TUNSETSTEERINGEBPF, &fd) != 0) return OsError::last("TUNSETSTEERINGEBPF");
  return map;
}

Result<Fd> steer_outside(const std::vector<std::vector<int>>& groups, uint32_t capacity) {
  auto map = create_worker_map(sizeof(EndpointKey), capacity);
  if (map.failed()) return map.error();
  for (size_t i = 0; i < groups.size(); ++i) {
    const OsError error = steer_group(groups[i], map.value().get());
    if (!error.failed()) continue;
    for (size_t steered = 0; steered < i; ++steered) {
      const int none = 0;
      (void)::setsockopt(groups[steered][0], SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &none,
                         sizeof none);
    }
    return error;
  }
  return map;
}

OsError set_inside_worker(int map, const InsideKey& address, int worker) {
  if (worker < 0) {
    delete_bpf_entry(map, address.data());
    return {};
  }
  const auto value = static_cast<uint32_t>(worker);
  return set_bpf_entry(map, address.data(), &value);
}

OsError set_endpoint_worker(int map, const EndpointKey& endpoint, int worker) {
  const auto value = static_cast<uint32_t>(worker);
  return set_bpf_entry(map, &endpoint, &value);
}

void clear_endpoint_worker(int map, const EndpointKey& endpoint, int worker) {
  uint32_t value = 0;
  // Nobody else writes to the map: between the look and the deletion nothing changes.
  if (!get_bpf_entry(map, &endpoint, &value) || value != static_cast<uint32_t>(worker)) return;
  delete_bpf_entry(map, &endpoint);
}

void clear_worker_endpoints(int map, int worker) {
  EndpointKey key, next;
  // The successor is taken before the key may go: behind a deleted key the walk would start anew.
  bool more = next_bpf_key(map, nullptr, &key);
  while (more) {
    more = next_bpf_key(map, &key, &next);
    clear_endpoint_worker(map, key, worker);
    key = next;
  }
}

}  // namespace wolfguard
