// Which worker owns the tunnel of an inside address or network: a hash table in shared memory. The
// primary writes; every worker's packet thread reads for each packet that is not its own, without
// locks.
//
//   ┌────────┬──────────────────┬──────────────────┐   A half is an open-addressed table: a key
//   │ header │ half 0: slots …  │ half 1: slots …  │   once written stays in its slot, only its
//   └────────┴──────────────────┴──────────────────┘   owner changes. When keys fill the half in
//     generation: says which half is read and how      use, the live ones are copied to the other
//     many slots of it are in use                      and the generation goes up.
//
// Only as many slots of a half are used as its keys ask for, since the memory that they touch is
// what the table costs: keys are scattered over all of them.
//
// A slot's key is written before its owner is published (release), so a reader that sees the owner
// (acquire) sees the key. A half is written anew only after the generation has left it: a reader
// whose generation has not changed by the end of its search has read a half at rest.
//
// Networks stand among the addresses, by their first address and the number of bits behind their
// prefix. A reader that finds no owner of the address itself tries the lengths that are in use,
// which the header names: who has no networks pays one look at the header, and that for packets of
// strangers only. Networks do not overlap those of other tunnels, so it matters to nobody which of
// two is found first.
#pragma once

#include <endian.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "fd.h"
#include "os_error.h"

namespace wolfguard {

/**
 * An IPv6 address, or an IPv4 address as ::ffff:a.b.c.d, as two words in memory order; or a
 * network: its first address, and how many bits its hosts have.
 */
struct OwnersKey {
  uint64_t high = 0;
  uint64_t low = 0;
  /** 0: an address. */
  uint32_t host_bits = 0;

  static OwnersKey from16(const uint8_t* address) {
    OwnersKey key;
    std::memcpy(&key.high, address, 8);
    std::memcpy(&key.low, address + 8, 8);
    return key;
  }

  static OwnersKey from4(const uint8_t* address) {
    uint8_t mapped[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    std::memcpy(mapped + 12, address, 4);
    return from16(mapped);
  }

  /** The network of that many host bits (0 to 127) that holds the address. */
  OwnersKey network(uint32_t bits) const {
    const auto keep = [](uint64_t word, uint32_t cleared) {
      if (cleared >= 64) return uint64_t{0};
      return htobe64(be64toh(word) >> cleared << cleared);
    };
    return {keep(high, bits > 64 ? bits - 64 : 0), keep(low, bits), bits};
  }

  bool operator==(const OwnersKey&) const = default;

  /** Spreads neighbouring addresses: a multiply-and-fold of both words. */
  uint64_t hash() const {
    // Odd constants with no pattern in their bits (the golden ratio's, and that of xxHash64).
    uint64_t mixed = (high * 0x9e3779b97f4a7c15) ^ low;
    mixed ^= mixed >> 32;
    mixed *= 0xc2b2ae3d27d4eb4f;
    return mixed ^ (mixed >> 29);
  }
};

/** The shared memory as both sides see it. */
struct OwnersMemory {
  static constexpr uint64_t kMagic = 0x33726e776f666c77;  // "wlfownr3"

  struct Header {
    uint64_t magic;
    /** Slots that each half has room for: a power of two. */
    uint64_t slots;
    /** See Generation. */
    alignas(64) std::atomic<uint64_t> generation;
    /** Bit n of both words together: there are networks with n host bits. */
    std::atomic<uint64_t> lengths[2];
    char padding[40];
  };

  /** What the readers' word means: bits 0 to 5 the logarithm of the slots in use, then a count. */
  struct Generation {
    uint64_t word;

    uint64_t half() const { return word >> 6 & 1; }
    uint64_t slots() const { return uint64_t{1} << (word & 63); }
    uint64_t count() const { return word >> 6; }
    /** The other half, with so many slots in use: a power of two. */
    Generation next(uint64_t slots) const {
      return {(count() + 1) << 6 | static_cast<uint64_t>(std::countr_zero(slots))};
    }
  };

  struct Slot {
    std::atomic<uint64_t> high;
    std::atomic<uint64_t> low;
    /**
     * kNever: no key was here, a search ends. Else the key's host bits in the upper half, and in
     * the lower one kNobody for a key without owner, or worker + 2.
     */
    std::atomic<uint64_t> owner;

    /** `owner`: as it was read from here. */
    OwnersKey key(uint64_t owner) const {
      return {high.load(std::memory_order_relaxed), low.load(std::memory_order_relaxed),
              static_cast<uint32_t>(owner >> 32)};
    }
  };

  static uint64_t owner_word(const OwnersKey& key, uint64_t owner) {
    return uint64_t{key.host_bits} << 32 | owner;
  }
  static uint64_t owner_in(uint64_t word) { return word & 0xffffffff; }

  static constexpr uint64_t kNever = 0;
  static constexpr uint64_t kNobody = 1;
  static constexpr uint64_t kFirstWorker = 2;

  static_assert(std::atomic<uint64_t>::is_always_lock_free, "another process reads these");
  static_assert(sizeof(Header) == 128 && sizeof(Slot) == 24, "the layout is shared");

  static size_t size(uint64_t slots) { return sizeof(Header) + 2 * slots * sizeof(Slot); }
};

/** A reader's view. Cheap to make once a process; find() may run on any thread. Move-only. */
class OwnersView {
 public:
  OwnersView() = default;
  OwnersView(OwnersView&& other) noexcept
      : base_(std::exchange(other.base_, nullptr)), slots_(other.slots_) {}
  OwnersView& operator=(OwnersView&& other) noexcept {
    std::swap(base_, other.base_);
    std::swap(slots_, other.slots_);
    return *this;
  }
  ~OwnersView() {
    if (base_ != nullptr) ::munmap(const_cast<uint8_t*>(base_), OwnersMemory::size(slots_));
  }

  /** Maps the table behind the descriptor, which may be closed then; !valid() when it is none. */
  static OwnersView map(int fd) {
    OwnersView view;
    struct stat status;
    if (::fstat(fd, &status) != 0) return view;
    const size_t bytes = static_cast<size_t>(status.st_size);
    if (bytes < sizeof(OwnersMemory::Header)) return view;
    void* base = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) return view;
    const auto* header = static_cast<const OwnersMemory::Header*>(base);
    const uint64_t slots = header->slots;
    const bool sound = header->magic == OwnersMemory::kMagic && slots != 0 &&
                       (slots & (slots - 1)) == 0 && slots < bytes &&
                       OwnersMemory::size(slots) == bytes;
    if (!sound) {
      ::munmap(base, bytes);
      return view;
    }
    view.base_ = static_cast<const uint8_t*>(base);
    view.slots_ = slots;
    return view;
  }

  bool valid() const { return base_ != nullptr; }

  /**
   * The worker that owns the tunnel of this 16-byte address (v4-mapped for IPv4), or of a network
   * that holds it; -1 for nobody.
   */
  int find(const uint8_t* address) const { return find_covering(OwnersKey::from16(address)); }

  int find_covering(const OwnersKey& address) const {
    const int owner = find(address);
    return owner >= 0 ? owner : find_network(address);
  }

  /** Exactly this address or network. */
  int find(const OwnersKey& key) const {
    const auto& generation = reinterpret_cast<const OwnersMemory::Header*>(base_)->generation;
    for (;;) {
      const uint64_t before = generation.load(std::memory_order_acquire);
      const uint64_t owner = search({before}, key);
      std::atomic_thread_fence(std::memory_order_acquire);
      if (generation.load(std::memory_order_relaxed) != before) continue;
      return owner < OwnersMemory::kFirstWorker
                 ? -1
                 : static_cast<int>(owner - OwnersMemory::kFirstWorker);
    }
  }

 private:
  /** Small networks first. */
  int find_network(const OwnersKey& address) const {
    const auto& lengths = reinterpret_cast<const OwnersMemory::Header*>(base_)->lengths;
    for (uint32_t word = 0; word < 2; ++word) {
      uint64_t left = lengths[word].load(std::memory_order_acquire);
      for (; left != 0; left &= left - 1) {
        const auto bits = word * 64 + static_cast<uint32_t>(std::countr_zero(left));
        const int owner = find(address.network(bits));
        if (owner >= 0) return owner;
      }
    }
    return -1;
  }

  uint64_t search(OwnersMemory::Generation generation, const OwnersKey& key) const {
    const auto* first =
        reinterpret_cast<const OwnersMemory::Slot*>(base_ + sizeof(OwnersMemory::Header));
    const OwnersMemory::Slot* table = first + generation.half() * slots_;
    const uint64_t mask = generation.slots() - 1;
    uint64_t index = key.hash() & mask;
    // The bound ends the search of a half that is just being written anew.
    for (uint64_t probes = 0; probes <= mask; ++probes, index = (index + 1) & mask) {
      const uint64_t owner = table[index].owner.load(std::memory_order_acquire);
      if (owner == OwnersMemory::kNever) return OwnersMemory::kNever;
      if (table[index].key(owner) == key) return OwnersMemory::owner_in(owner);
    }
    return OwnersMemory::kNever;
  }

  const uint8_t* base_ = nullptr;
  uint64_t slots_ = 0;
};

/** The one writer. Not thread-safe: the primary's JavaScript thread alone calls it. */
class OwnersWriter {
 public:
  /** Room for `capacity` addresses with an owner at the same time. Readers cannot write to `fd`. */
  static Result<std::unique_ptr<OwnersWriter>> create(uint64_t capacity);

  OwnersWriter(const OwnersWriter&) = delete;
  OwnersWriter& operator=(const OwnersWriter&) = delete;
  ~OwnersWriter();

  /** The memfd, for readers; the caller takes it over and closes it. -1 when it was taken. */
  int take_fd() { return fd_.release(); }

  /**
   * worker -1: nobody. ENOSPC: `capacity` addresses and networks have owners already. EINVAL: more
   * than 127 host bits.
   */
  OsError set(const OwnersKey& key, int worker);

  /** How often the live keys have moved to the other half. */
  uint64_t rebuilds() const { return generation().count(); }
  /** Slots of the half in use. */
  uint64_t slots_in_use() const { return generation().slots(); }

 private:
  OwnersWriter(Fd fd, void* base, uint64_t capacity, uint64_t slots);

  OwnersMemory::Header* header() const;
  OwnersMemory::Generation generation() const;
  OwnersMemory::Slot* half(OwnersMemory::Generation generation) const;
  OwnersMemory::Slot* find_slot(OwnersMemory::Generation generation, const OwnersKey& key) const;
  OwnersMemory::Slot* take_slot(const OwnersKey& key);
  void rebuild();
  void count_network(uint32_t host_bits, int change);

  Fd fd_;
  void* base_;
  uint64_t capacity_;
  uint64_t slots_;
  /** Slots of the half in use that hold a key, dead ones too; and those with an owner. */
  uint64_t used_ = 0;
  uint64_t live_ = 0;
  /** How many networks with an owner have so many host bits. */
  std::array<uint64_t, 128> networks_{};
};

}  // namespace wolfguard
