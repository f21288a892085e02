#include "bpf.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

namespace wolfguard {
namespace {

/** None of the helpers that we call is reserved for GPL programs, so this is accepted. */
constexpr char kLicence[] = "Apache-2.0";

template <typename T>
uint64_t pointer(const T* to) {
  return reinterpret_cast<uint64_t>(to);
}

int bpf(bpf_cmd command, bpf_attr& attributes) {
  return static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

/** The kernel wants unused bytes to be zero, and {} clears the first member of a union only. */
bpf_attr no_attributes() {
  bpf_attr attributes;
  std::memset(&attributes, 0, sizeof attributes);
  return attributes;
}

bpf_attr entry_of(int map, const void* key) {
  bpf_attr attributes = no_attributes();
  attributes.map_fd = static_cast<uint32_t>(map);
  attributes.key = pointer(key);
  return attributes;
}

/** Before Linux 5.11 maps and programs count as locked memory, of which there is 64 KiB. */
class RaisedMemlock {
 public:
  RaisedMemlock() {
    const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
    raised_ =
        ::getrlimit(RLIMIT_MEMLOCK, &before_) == 0 && ::setrlimit(RLIMIT_MEMLOCK, &unlimited) == 0;
  }
  ~RaisedMemlock() {
    if (raised_) ::setrlimit(RLIMIT_MEMLOCK, &before_);
  }
  RaisedMemlock(const RaisedMemlock&) = delete;
  RaisedMemlock& operator=(const RaisedMemlock&) = delete;

 private:
  rlimit before_{};
  bool raised_ = false;
};

Result<Fd> create(bpf_cmd command, bpf_attr attributes, const char* call) {
  Fd fd(bpf(command, attributes));
  if (!fd && errno == EPERM) {
    const RaisedMemlock raised;
    fd.reset(bpf(command, attributes));
  }
  if (!fd) return OsError::last(call);
  return fd;
}

}  // namespace

Result<Fd> create_bpf_map(const BpfMapShape& shape) {
  bpf_attr attributes = no_attributes();
  attributes.map_type = shape.type;
  attributes.key_size = shape.key_size;
  attributes.value_size = shape.value_size;
  attributes.max_entries = shape.capacity;
  attributes.map_flags = shape.flags;
  return create(BPF_MAP_CREATE, attributes, "BPF_MAP_CREATE");
}

Result<Fd> load_bpf_program(bpf_prog_type type, const std::vector<bpf_insn>& code) {
  bpf_attr attributes = no_attributes();
  attributes.prog_type = type;
  attributes.insns = pointer(code.data());
  attributes.insn_cnt = static_cast<uint32_t>(code.size());
  attributes.license = pointer(kLicence);
  return create(BPF_PROG_LOAD, attributes, "BPF_PROG_LOAD");
}

OsError set_bpf_entry(int map, const void* key, const void* value) {
  bpf_attr attributes = entry_of(map, key);
  attributes.value = pointer(value);
  if (bpf(BPF_MAP_UPDATE_ELEM, attributes) == 0) return {};
  return OsError::last("BPF_MAP_UPDATE_ELEM");
}

bool get_bpf_entry(int map, const void* key, void* value) {
  bpf_attr attributes = entry_of(map, key);
  attributes.value = pointer(value);
  return bpf(BPF_MAP_LOOKUP_ELEM, attributes) == 0;
}

void delete_bpf_entry(int map, const void* key) {
  bpf_attr attributes = entry_of(map, key);
  (void)bpf(BPF_MAP_DELETE_ELEM, attributes);
}

bool next_bpf_key(int map, const void* key, void* next) {
  bpf_attr attributes = entry_of(map, key);
  attributes.next_key = pointer(next);
  return bpf(BPF_MAP_GET_NEXT_KEY, attributes) == 0;
}

}  // namespace wolfguard
