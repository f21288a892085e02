// native/system.ts in C++: arguments in, errno out. The work itself is in files without Node.
#include <unistd.h>

#include <map>
#include <memory>

#include "bind.h"
#include "link.h"
#include "mailbox.h"
#include "napi_util.h"
#include "owners.h"
#include "privileges.h"
#include "sandbox.h"
#include "sockets.h"
#include "suite_order.h"
#include "thread_priority.h"
#include "tun.h"

namespace wolfguard {
namespace {

/** What belongs to one loading of the addon: the tables that this process writes, by descriptor. */
struct SystemState {
  std::map<int, std::unique_ptr<OwnersWriter>> owners;
};

SystemState& state_of(napi_env env, napi_callback_info info) {
  void* data = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &data);
  return *static_cast<SystemState*>(data);
}

napi_value answer(napi_env env, OsError error) {
  return error.failed() ? napi::throw_os_error(env, error) : napi::undefined(env);
}

/** The descriptor as a number: JavaScript owns it from here on. */
napi_value answer(napi_env env, Result<Fd> result) {
  if (result.failed()) return napi::throw_os_error(env, result.error());
  return napi::number(env, result.value().release());
}

std::optional<OwnersKey> to_owners_key(napi_env env, napi_value value) {
  const auto address = napi::to_bytes(env, value, "address");
  if (!address) return std::nullopt;
  if (address->size() == 4) return OwnersKey::from4(address->data());
  if (address->size() == 16) return OwnersKey::from16(address->data());
  return napi::wrong_type(env, "address", "4 or 16 bytes");
}

// ─── device ───────────────────────────────────────────────────────────────────────────────────

napi_value open_tun_device(napi_env env, napi_callback_info info) {
  const auto args = napi::arguments<3>(env, info);
  const auto name = napi::to_string(env, args[0], "name");
  if (!name) return nullptr;
  const auto queues = napi::to_int(env, args[1], "queues");
  if (!queues) return nullptr;
  const auto offload = napi::to_bool(env, args[2], "offload");
  if (!offload) return nullptr;
  auto device = open_tun(*name, *queues, *offload);
  if (device.failed()) return napi::throw_os_error(env, device.error());
  const napi_value list = napi::array(env, device.value().queues.size());
  uint32_t index = 0;
  for (Fd& fd : device.value().queues) {
    napi::set_element(env, list, index++, napi::number(env, fd.release()));
  }
  const TunOffload granted = device.value().offload;
  const napi_value answer = napi::object(env);
  napi::set(env, answer, "queues", list);
  napi::set(env, answer, "offload",
            napi::string(env, granted == TunOffload::kTcpAndUdp ? "tcp-and-udp"
                              : granted == TunOffload::kTcp     ? "tcp"
                                                                : "none"));
  return answer;
}

std::optional<LinkAddress> to_link_address(napi_env env, napi_value value) {
  const auto bytes = napi::bytes_property(env, value, "address");
  if (!bytes) return std::nullopt;
  const auto prefix = napi::int_property(env, value, "prefix");
  if (!prefix) return std::nullopt;
  if (bytes->size() != 4 && bytes->size() != 16) {
    return napi::wrong_type(env, "address", "4 or 16 bytes");
  }
  if (*prefix < 0 || *prefix > static_cast<int>(bytes->size()) * 8) {
    return napi::wrong_type(env, "prefix", "a prefix length of this address");
  }
  return LinkAddress{{bytes->begin(), bytes->end()}, static_cast<uint8_t>(*prefix)};
}

napi_value configure_link_device(napi_env env, napi_callback_info info) {
  const auto [options] = napi::arguments<1>(env, info);
  const auto name = napi::string_property(env, options, "name");
  if (!name) return nullptr;
  const auto mtu = napi::int_property(env, options, "mtu");
  if (!mtu) return nullptr;
  const auto tx_queue_length = napi::int_property(env, options, "txQueueLength");
  if (!tx_queue_length) return nullptr;
  const napi_value list = napi::property(env, options, "addresses");
  const auto count = napi::array_length(env, list, "addresses");
  if (!count) return nullptr;
  LinkOptions link{*name, static_cast<uint32_t>(*mtu), static_cast<uint32_t>(*tx_queue_length), {}};
  for (uint32_t i = 0; i < *count; ++i) {
    auto address = to_link_address(env, napi::element(env, list, i));
    if (!address) return nullptr;
    link.addresses.push_back(std::move(*address));
  }
  return answer(env, configure_link(link));
}

napi_value change_device_route(napi_env env, napi_callback_info info) {
  const auto [device, network, present] = napi::arguments<3>(env, info);
  const auto name = napi::to_string(env, device, "device");
  if (!name) return nullptr;
  const auto destination = to_link_address(env, network);
  if (!destination) return nullptr;
  const auto wanted = napi::to_bool(env, present, "present");
  if (!wanted) return nullptr;
  return answer(env, change_route(*name, *destination, *wanted));
}

// ─── sockets ──────────────────────────────────────────────────────────────────────────────────

struct AddressAndPort {
  std::string address;
  int port;
};

std::optional<AddressAndPort> to_address_and_port(napi_env env, napi_value address,
                                                  napi_value port) {
  auto text = napi::to_string(env, address, "address");
  if (!text) return std::nullopt;
  const auto number = napi::to_int(env, port, "port");
  if (!number) return std::nullopt;
  return AddressAndPort{std::move(*text), *number};
}

napi_value listen_tcp_socket(napi_env env, napi_callback_info info) {
  const auto args = napi::arguments<2>(env, info);
  const auto where = to_address_and_port(env, args[0], args[1]);
  if (!where) return nullptr;
  return answer(env, listen_tcp(where->address, where->port));
}

napi_value bind_udp_socket(napi_env env, napi_callback_info info) {
  const auto args = napi::arguments<3>(env, info);
  const auto where = to_address_and_port(env, args[0], args[1]);
  if (!where) return nullptr;
  const auto buffer_bytes = napi::to_int(env, args[2], "bufferBytes");
  if (!buffer_bytes) return nullptr;
  return answer(env, bind_udp(where->address, where->port, *buffer_bytes));
}

napi_value grow_socket_buffers(napi_env env, napi_callback_info info) {
  const auto args = napi::arguments<2>(env, info);
  const auto fd = napi::to_int(env, args[0], "fd");
  const auto bytes = fd ? napi::to_int(env, args[1], "bytes") : std::nullopt;
  return bytes ? napi::number(env, grow_buffers(*fd, *bytes)) : nullptr;
}

napi_value probe_free_port(napi_env env, napi_callback_info info) {
  const auto args = napi::arguments<3>(env, info);
  const auto where = to_address_and_port(env, args[0], args[1]);
  if (!where) return nullptr;
  const auto protocol = napi::to_string(env, args[2], "protocol");
  if (!protocol) return nullptr;
  if (*protocol != "tcp" && *protocol != "udp") {
    napi::wrong_type(env, "protocol", "'tcp' or 'udp'");
    return nullptr;
  }
  return answer(env, probe_port(where->address, where->port, *protocol == "tcp"));
}

napi_value read_peer_credentials(napi_env env, napi_callback_info info) {
  const auto [argument] = napi::arguments<1>(env, info);
  const auto fd = napi::to_int(env, argument, "fd");
  if (!fd) return nullptr;
  auto credentials = peer_credentials(*fd);
  if (credentials.failed()) return napi::throw_os_error(env, credentials.error());
  const napi_value result = napi::object(env);
  napi::set(env, result, "pid", napi::number(env, credentials.value().pid));
  napi::set(env, result, "uid", napi::number(env, credentials.value().uid));
  napi::set(env, result, "gid", napi::number(env, credentials.value().gid));
  return result;
}

napi_value open_mailbox_pair(napi_env env, napi_callback_info) {
  auto mailbox = open_mailbox();
  if (mailbox.failed()) return napi::throw_os_error(env, mailbox.error());
  const napi_value pair = napi::array(env, 2);
  napi::set_element(env, pair, 0, napi::number(env, mailbox.value().receive.release()));
  napi::set_element(env, pair, 1, napi::number(env, mailbox.value().send.release()));
  return pair;
}

/** Also frees the table behind a descriptor of createOwners. */
napi_value close_fd(napi_env env, napi_callback_info info) {
  const auto [argument] = napi::arguments<1>(env, info);
  const auto fd = napi::to_int(env, argument, "fd");
  if (!fd) return nullptr;
  state_of(env, info).owners.erase(*fd);
  if (::close(*fd) != 0 && errno != EINTR) {
    return napi::throw_os_error(env, OsError::last("close"));
  }
  return napi::undefined(env);
}

// ─── owners ───────────────────────────────────────────────────────────────────────────────────

napi_value create_owners(napi_env env, napi_callback_info info) {
  const auto [argument] = napi::arguments<1>(env, info);
  const auto capacity = napi::to_int(env, argument, "capacity");
  if (!capacity) return nullptr;
  auto writer = OwnersWriter::create(*capacity < 0 ? 0 : static_cast<uint64_t>(*capacity));
  if (writer.failed()) return napi::throw_os_error(env, writer.error());
  const int fd = writer.value()->take_fd();
  state_of(env, info).owners.insert_or_assign(fd, std::move(writer.value()));
  return napi::number(env, fd);
}

napi_value set_owner(napi_env env, napi_callback_info info) {
  const auto args = napi::arguments<4>(env, info);
  const auto fd = napi::to_int(env, args[0], "owners");
  if (!fd) return nullptr;
  const auto key = to_owners_key(env, args[1]);
  if (!key) return nullptr;
  const auto worker = napi::to_int(env, args[2], "worker");
  if (!worker) return nullptr;
  const auto host_bits = napi::to_int(env, args[3], "hostBits");
  if (!host_bits) return nullptr;
  if (*host_bits < 0 || *host_bits > 127) {
    napi::wrong_type(env, "hostBits", "0 to 127");
    return nullptr;
  }
  auto& tables = state_of(env, info).owners;
  const auto table = tables.find(*fd);
  // Only the process that made a table writes to it.
  if (table == tables.end()) return napi::throw_os_error(env, {EBADF, "setOwner"});
  const auto network = key->network(static_cast<uint32_t>(*host_bits));
  return answer(env, table->second->set(network, *worker));
}

napi_value get_owner(napi_env env, napi_callback_info info) {
  const auto args = napi::arguments<2>(env, info);
  const auto fd = napi::to_int(env, args[0], "owners");
  if (!fd) return nullptr;
  const auto key = to_owners_key(env, args[1]);
  if (!key) return nullptr;
  const OwnersView view = OwnersView::map(*fd);
  if (!view.valid()) return napi::throw_os_error(env, {EBADF, "getOwner"});
  return napi::number(env, view.find_covering(*key));
}

// ─── privileges ───────────────────────────────────────────────────────────────────────────────

napi_value die_with_this_parent(napi_env env, napi_callback_info info) {
  const auto [argument] = napi::arguments<1>(env, info);
  const auto pid = napi::to_int(env, argument, "parentPid");
  if (!pid) return nullptr;
  return answer(env, die_with_parent(*pid));
}

napi_value enter_sandbox(napi_env env, napi_callback_info info) {
  const auto [argument] = napi::arguments<1>(env, info);
  const auto profile = napi::to_string(env, argument, "profile");
  if (!profile) return nullptr;
  if (*profile != "worker") {
    napi::wrong_type(env, "profile", "'worker'");
    return nullptr;
  }
  const OsError error = enter_worker_sandbox();
  if (error.code == ENOTEMPTY) {
    napi_throw_error(env, "ERR_STILL_PRIVILEGED",
                     "enterSandbox: the process still has capabilities; call process.setgroups, "
                     "setgid and setuid first");
    return nullptr;
  }
  if (error.code == EBADFD) {
    napi_throw_error(env, "ERR_IO_URING",
                     "enterSandbox: the process has an io_uring; its parent must call denyIoUring "
                     "before it starts the process");
    return nullptr;
  }
  return answer(env, error);
}

napi_value make_thread_urgent(napi_env env, napi_callback_info info) {
  const auto [argument] = napi::arguments<1>(env, info);
  const auto thread = napi::to_int(env, argument, "thread");
  if (!thread) return nullptr;
  return answer(env, make_urgent(*thread));
}

// ─── hardware ─────────────────────────────────────────────────────────────────────────────────

napi_value tell_aes_hardware(napi_env env, napi_callback_info) {
  return napi::boolean(env, has_aes_hardware());
}

}  // namespace

void bind_system(napi_env env, napi_value exports) {
  auto* state = new SystemState;
  napi_add_env_cleanup_hook(
      env, [](void* data) { delete static_cast<SystemState*>(data); }, state);
  const auto add = [&](const char* name, napi_callback callback) {
    napi::define(env, exports, name, callback, state);
  };
  add("openTun", open_tun_device);
  add("configureLink", configure_link_device);
  add("changeRoute", change_device_route);
  add("listenTcp", listen_tcp_socket);
  add("bindUdp", bind_udp_socket);
  add("growBuffers", grow_socket_buffers);
  add("probePort", probe_free_port);
  add("peerCredentials", read_peer_credentials);
  add("openMailbox", open_mailbox_pair);
  add("closeFd", close_fd);
  add("createOwners", create_owners);
  add("setOwner", set_owner);
  add("getOwner", get_owner);
  add("dieWithParent", die_with_this_parent);
  add("enterSandbox", enter_sandbox);
  add("makeUrgent", make_thread_urgent);
  add("hasAesHardware", tell_aes_hardware);
}

}  // namespace wolfguard
