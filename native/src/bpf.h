// bpf(2) as far as steering needs it: maps and programs, by descriptor. The kernel closes those
// descriptors on exec by itself. Needs CAP_BPF, and CAP_NET_ADMIN for what selects sockets.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <vector>

#include "fd.h"
#include "os_error.h"

namespace wolfguard {

struct BpfMapShape {
  bpf_map_type type;
  uint32_t key_size, value_size, capacity;
  uint32_t flags = 0;
};

/** EPERM: no privilege, or a locked-memory limit that cannot be raised. ENOSYS: no eBPF. */
Result<Fd> create_bpf_map(const BpfMapShape& shape);

/** EACCES: the verifier does not like it. */
Result<Fd> load_bpf_program(bpf_prog_type type, const std::vector<bpf_insn>& code);

// Keys and values have the sizes of the map's shape.

/** E2BIG: the map is full. */
OsError set_bpf_entry(int map, const void* key, const void* value);
/** false: there is none. */
bool get_bpf_entry(int map, const void* key, void* value);
void delete_bpf_entry(int map, const void* key);
/** The key behind `key` in the map's own order, the first one for nullptr; false at the end. */
bool next_bpf_key(int map, const void* key, void* next);

}  // namespace wolfguard
