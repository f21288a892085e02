#include "owners.h"

#include <fcntl.h>

#include <algorithm>

namespace wolfguard {
namespace {

using Slot = OwnersMemory::Slot;
using Generation = OwnersMemory::Generation;

// Two slots for each address expected, so that a search ends after two or three of them.
constexpr uint64_t kSlotsPerAddress = 2;
// 24 KiB a half: a small server needs no more.
constexpr uint64_t kFirstSlots = 1024;
// 64 Mi addresses: far above any pool that is handed out one by one, far below overflow.
constexpr uint64_t kMaxCapacity = uint64_t{1} << 26;

void publish(Slot& slot, const OwnersKey& key, uint64_t owner) {
  slot.high.store(key.high, std::memory_order_relaxed);
  slot.low.store(key.low, std::memory_order_relaxed);
  slot.owner.store(OwnersMemory::owner_word(key, owner), std::memory_order_release);
}

}  // namespace

Result<std::unique_ptr<OwnersWriter>> OwnersWriter::create(uint64_t capacity) {
  if (capacity == 0 || capacity > kMaxCapacity) return OsError{EINVAL, "createOwners"};
  const uint64_t slots = std::bit_ceil(capacity * kSlotsPerAddress);
  const size_t bytes = OwnersMemory::size(slots);
  Fd fd(::memfd_create("wolfguard-owners", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return OsError::last("memfd_create");
  if (::ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0) return OsError::last("ftruncate");
  void* base = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (base == MAP_FAILED) return OsError::last("mmap");
  std::unique_ptr<OwnersWriter> writer(new OwnersWriter(std::move(fd), base, capacity, slots));
  // Our own mapping stays writable; a worker that is taken over can make no such mapping.
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;
  if (::fcntl(writer->fd_.get(), F_ADD_SEALS, kSeals) != 0) return OsError::last("F_ADD_SEALS");
  return writer;
}

OwnersWriter::OwnersWriter(Fd fd, void* base, uint64_t capacity, uint64_t slots)
    : fd_(std::move(fd)), base_(base), capacity_(capacity), slots_(slots) {
  header()->slots = slots;
  header()->generation = Generation{0}.next(std::min(kFirstSlots, slots)).word;
  header()->magic = OwnersMemory::kMagic;
}

OwnersWriter::~OwnersWriter() { ::munmap(base_, OwnersMemory::size(slots_)); }

OsError OwnersWriter::set(const OwnersKey& key, int worker) {
  if (worker < -1 || worker > UINT16_MAX || key.host_bits >= networks_.size()) {
    return {EINVAL, "setOwner"};
  }
  Slot* slot = find_slot(generation(), key);
  const uint64_t before = OwnersMemory::owner_in(slot->owner.load(std::memory_order_relaxed));
  const bool had_owner = before >= OwnersMemory::kFirstWorker;
  if (worker < 0) {
    if (!had_owner) return {};
    publish(*slot, key, OwnersMemory::kNobody);
    --live_;
    count_network(key.host_bits, -1);
    return {};
  }
  if (!had_owner && live_ == capacity_) return {ENOSPC, "setOwner"};
  if (before == OwnersMemory::kNever) slot = take_slot(key);
  if (!had_owner) {
    ++live_;
    count_network(key.host_bits, 1);
  }
  publish(*slot, key, OwnersMemory::kFirstWorker + static_cast<uint64_t>(worker));
  return {};
}

/** Tells readers which lengths to try: before the first of a length, after the last. */
void OwnersWriter::count_network(uint32_t host_bits, int change) {
  if (host_bits == 0) return;
  networks_[host_bits] += static_cast<uint64_t>(change);
  auto& word = header()->lengths[host_bits / 64];
  const uint64_t bit = uint64_t{1} << host_bits % 64;
  const uint64_t others = word.load(std::memory_order_relaxed) & ~bit;
  word.store(networks_[host_bits] > 0 ? others | bit : others, std::memory_order_release);
}

/** A slot that no key has yet, after a rebuild if keys, dead ones too, have filled three quarters.
 */
Slot* OwnersWriter::take_slot(const OwnersKey& key) {
  if (used_ >= generation().slots() / 4 * 3) rebuild();
  ++used_;
  return find_slot(generation(), key);
}

/**
 * Copies the keys that have an owner to the other half, which gets slots for twice as many or more,
 * and lets readers go there.
 */
void OwnersWriter::rebuild() {
  const Generation now = generation();
  const uint64_t wanted = std::max(std::bit_ceil(live_ * kSlotsPerAddress), kFirstSlots);
  const Generation next = now.next(std::min(wanted, slots_));
  const Slot* from = half(now);
  Slot* to = half(next);
  for (uint64_t i = 0; i < next.slots(); ++i) {
    to[i].owner.store(OwnersMemory::kNever, std::memory_order_relaxed);
  }
  for (uint64_t i = 0; i < now.slots(); ++i) {
    const uint64_t word = from[i].owner.load(std::memory_order_relaxed);
    const uint64_t owner = OwnersMemory::owner_in(word);
    if (owner < OwnersMemory::kFirstWorker) continue;
    const OwnersKey key = from[i].key(word);
    publish(*find_slot(next, key), key, owner);
  }
  used_ = live_;
  header()->generation.store(next.word, std::memory_order_release);
  // No write of the next rebuild may be seen before this generation: see OwnersView::find.
  std::atomic_thread_fence(std::memory_order_release);
}

/** The slot of the key, or the empty one where it would go; three quarters full, there is one. */
Slot* OwnersWriter::find_slot(Generation generation, const OwnersKey& key) const {
  Slot* table = half(generation);
  const uint64_t mask = generation.slots() - 1;
  uint64_t index = key.hash() & mask;
  for (;; index = (index + 1) & mask) {
    const uint64_t owner = table[index].owner.load(std::memory_order_relaxed);
    if (owner == OwnersMemory::kNever || table[index].key(owner) == key) return &table[index];
  }
}

OwnersMemory::Header* OwnersWriter::header() const {
  return static_cast<OwnersMemory::Header*>(base_);
}

Generation OwnersWriter::generation() const {
  return {header()->generation.load(std::memory_order_relaxed)};
}

Slot* OwnersWriter::half(Generation generation) const {
  auto* first = reinterpret_cast<Slot*>(static_cast<uint8_t*>(base_) + sizeof(*header()));
  return first + generation.half() * slots_;
}

}  // namespace wolfguard
