#pragma once
// A call, written down so that it can be lived through once more: every event with its time, and a sum over the commands that
// came of it. Since a Conversation is a value, the same events give the same commands, bit for bit; a call that went wrong
// becomes a test. It holds everything that was said and heard: it is only made when somebody asks for it (`parley call
// --record`).
//
// The file: "parley call 1\n", then records, each its length (32 bits, little-endian) and a CBOR object. The first is the
// seed and the settings, the others are {"at": nanoseconds since the first, "event": name, …, "sum": FNV-1a of the commands}.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <span>

#include "conversation/command.hpp"
#include "conversation/event.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"

namespace parley::conversation {

/// Writes as the call goes, in constant memory. One thread at a time. A disk that is full ends the recording, not the call.
class CallRecorder {
 public:
  [[nodiscard]] static core::Result<std::unique_ptr<CallRecorder>> create(std::filesystem::path const& path);

  void begin(std::uint64_t seed, Settings const& settings);
  void took(core::Instant now, Event const& event, std::span<Command const> commands);

 private:
  explicit CallRecorder(std::ofstream out) : out_(std::move(out)) {}
  void write(std::vector<std::uint8_t> const& record);

  std::ofstream out_;
  core::Instant first_{};
  bool begun_ = false, failed_ = false;
};

struct Replayed {
  std::size_t events = 0;
  core::Duration length{};
};
/// Lives through a recorded call; `listener` is told every command, with the time since the call began. Errors: `invalid` for a
/// file that is damaged or cut short, `conflict` when a command is not what it was, with the event's number.
[[nodiscard]] core::Result<Replayed> replay(std::filesystem::path const& path,
                                            std::function<void(core::Duration, Command const&)> const& listener);

}  // namespace parley::conversation
