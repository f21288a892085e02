// A tiny assembler of eBPF instructions, so that neither a compiler nor a library is needed where
// the server runs. Registers: r0 = result, r1 to r5 = arguments of a call and lost in it, r6 to r9
// kept, r10 = end of the 512 bytes of stack. Jumps name labels; finish() puts distances in.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <vector>

namespace wolfguard {

class BpfAssembler {
 public:
  enum Register : uint8_t { r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10 };
  /** The sizes of memory accesses; an address must be a multiple of its access's size. */
  enum Size : uint8_t { k8 = BPF_B, k16 = BPF_H, k32 = BPF_W, k64 = BPF_DW };
  using Label = int;

  // ─── moves and arithmetic, 64 bits wide ───
  void move(Register to, Register from) { emit(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0); }
  void set(Register to, int32_t value) { emit(BPF_ALU64 | BPF_MOV | BPF_K, to, r0, 0, value); }
  void add(Register to, int32_t value) { emit(BPF_ALU64 | BPF_ADD | BPF_K, to, r0, 0, value); }
  void shift_right(Register to, int32_t bits) {
    emit(BPF_ALU64 | BPF_RSH | BPF_K, to, r0, 0, bits);
  }
  /** to = base + offset: an address, mostly one on the stack. */
  void address(Register to, Register base, int32_t offset) {
    move(to, base);
    add(to, offset);
  }

  // ─── memory ───
  void load(Size size, Register to, Register base, int offset) {
    emit(BPF_LDX | size | BPF_MEM, to, base, offset, 0);
  }
  void store(Size size, Register base, int offset, Register from) {
    emit(BPF_STX | size | BPF_MEM, base, from, offset, 0);
  }
  void store(Size size, Register base, int offset, int32_t value) {
    emit(BPF_ST | size | BPF_MEM, base, r0, offset, value);
  }
  /** The one instruction of two slots: the kernel puts the map's address in place of its fd. */
  void load_map(Register to, int map_fd) {
    emit(BPF_LD | BPF_DW | BPF_IMM, to, static_cast<Register>(BPF_PSEUDO_MAP_FD), 0, map_fd);
    emit(0, r0, r0, 0, 0);
  }

  // ─── control flow ───
  void call(bpf_func_id helper) { emit(BPF_JMP | BPF_CALL, r0, r0, 0, helper); }
  void exit() { emit(BPF_JMP | BPF_EXIT, r0, r0, 0, 0); }
  void jump(Label to) { emit_jump(BPF_JMP | BPF_JA, r0, 0, to); }
  void jump_if_equal(Register left, int32_t right, Label to) {
    emit_jump(BPF_JMP | BPF_JEQ | BPF_K, left, right, to);
  }
  void jump_unless_equal(Register left, int32_t right, Label to) {
    emit_jump(BPF_JMP | BPF_JNE | BPF_K, left, right, to);
  }
  Label make_label() {
    places_.push_back(0);
    return static_cast<Label>(places_.size()) - 1;
  }
  /** The next instruction is where the label's jumps lead; only forward, as the verifier likes. */
  void place(Label label) { places_[static_cast<size_t>(label)] = code_.size(); }

  std::vector<bpf_insn> finish() {
    for (const auto& [at, label] : jumps_) {
      const size_t distance = places_[static_cast<size_t>(label)] - at - 1;
      code_[at].off = static_cast<int16_t>(distance);
    }
    return std::move(code_);
  }

 private:
  struct Jump {
    size_t at;
    Label label;
  };

  void emit(int code, Register to, Register from, int offset, int32_t value) {
    bpf_insn instruction{};
    instruction.code = static_cast<uint8_t>(code);
    instruction.dst_reg = static_cast<uint8_t>(to & 0xf);
    instruction.src_reg = static_cast<uint8_t>(from & 0xf);
    instruction.off = static_cast<int16_t>(offset);
    instruction.imm = value;
    code_.push_back(instruction);
  }
  void emit_jump(int code, Register left, int32_t right, Label to) {
    jumps_.push_back({code_.size(), to});
    emit(code, left, r0, 0, right);
  }

  std::vector<bpf_insn> code_;
  std::vector<Jump> jumps_;
  std::vector<size_t> places_;
};

}  // namespace wolfguard
