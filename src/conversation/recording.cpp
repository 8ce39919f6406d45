#include "conversation/recording.hpp"

#include <array>
#include <bit>
#include <exception>
#include <utility>

#include "conversation/command_line.hpp"
#include "conversation/conversation.hpp"
#include "conversation/event_json.hpp"
#include "core/log.hpp"

namespace parley::conversation {
namespace {

using Json = nlohmann::json;

constexpr std::string_view magic = "parley call 1\n";
// No event is longer: a block of sound is some hundred kilobytes.
constexpr std::uint32_t longest_record = 64U << 20U;

/// FNV-1a over the commands' lines, and over the sound they carry.
class Sum {
 public:
  void add(std::span<Command const> commands) {
    for (auto const& command : commands) {
      bytes(to_line(command));
      if (auto const* sound = std::get_if<ReplySound>(&command)) {
        for (float const x : *sound->samples) mix(std::bit_cast<std::uint32_t>(x));
      }
    }
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  void bytes(std::string_view text) {
    for (char const c : text) mix(static_cast<unsigned char>(c));
  }
  void mix(std::uint64_t x) { value_ = (value_ ^ x) * 0x100000001b3U; }
  std::uint64_t value_ = 0xcbf29ce484222325U;
};

core::Result<Json> read_record(std::ifstream& in) {
  auto const damaged = [] {
    return core::fail(core::Code::invalid, "the recording of the call is damaged or cut short; record it again");
  };
  std::array<unsigned char, 4> size{};
  if (!in.read(reinterpret_cast<char*>(size.data()), size.size())) return damaged();
  std::uint32_t const length = size[0] | size[1] << 8U | size[2] << 16U | static_cast<std::uint32_t>(size[3]) << 24U;
  if (length > longest_record) return damaged();
  std::vector<std::uint8_t> bytes(length);
  if (!in.read(reinterpret_cast<char*>(bytes.data()), length)) return damaged();
  auto json = Json::from_cbor(bytes, true, false);
  if (!json.is_object()) return damaged();
  return json;
}

}  // namespace

core::Result<std::unique_ptr<CallRecorder>> CallRecorder::create(std::filesystem::path const& path) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  if (!out) return core::fail(core::Code::unavailable, "the recording cannot be written; choose another file", path.string());
  out << magic;
  return std::unique_ptr<CallRecorder>(new CallRecorder(std::move(out)));
}

void CallRecorder::begin(std::uint64_t seed, Settings const& settings) {
  write(Json::to_cbor({{"seed", seed}, {"settings", to_json(settings)}}));
}

void CallRecorder::took(core::Instant now, Event const& event, std::span<Command const> commands) {
  if (failed_) return;
  if (!std::exchange(begun_, true)) first_ = now;
  Sum sum;
  sum.add(commands);
  auto json = to_json(event);
  json["at"] = std::chrono::duration_cast<std::chrono::nanoseconds>(now - first_).count();
  json["sum"] = sum.value();
  write(Json::to_cbor(json));
}

void CallRecorder::write(std::vector<std::uint8_t> const& record) {
  auto const n = static_cast<std::uint32_t>(record.size());
  std::array<char, 4> const size{static_cast<char>(n), static_cast<char>(n >> 8U), static_cast<char>(n >> 16U),
                                 static_cast<char>(n >> 24U)};
  out_.write(size.data(), size.size());
  out_.write(reinterpret_cast<char const*>(record.data()), n);
  if (!out_ && !std::exchange(failed_, true)) spdlog::error("the recording of the call has ended: the disk may be full");
}

core::Result<Replayed> replay(std::filesystem::path const& path,
                              std::function<void(core::Duration, Command const&)> const& listener) {
  std::ifstream in(path, std::ios::binary);
  std::string head(magic.size(), '\0');
  if (!in.read(head.data(), static_cast<std::streamsize>(head.size())) || head != magic) {
    return core::fail(core::Code::invalid, "this is not the recording of a call; make one with parley call --record",
                      path.string());
  }
  Replayed done;
  try {
    auto first = read_record(in);
    if (!first) return std::unexpected(first.error());
    Conversation conversation(settings_from(first->at("settings")), first->at("seed"));
    while (in.peek() != std::ifstream::traits_type::eof()) {
      auto record = read_record(in);
      if (!record) return std::unexpected(record.error());
      std::chrono::nanoseconds const at(record->at("at").get<std::int64_t>());
      auto const commands = conversation.on(core::Instant{} + std::chrono::hours(1) + at, event_from(*record));
      Sum sum;
      sum.add(commands);
      ++done.events;
      done.length = at;
      for (auto const& command : commands) listener(at, command);
      if (sum.value() != record->at("sum").get<std::uint64_t>()) {
        return core::fail(core::Code::conflict,
                          "event " + std::to_string(done.events) + " (" + record->at("event").get<std::string>() +
                              ") does not give the commands it gave: the rules of the conversation have changed",
                          path.string());
      }
    }
  } catch (std::exception const& exception) {
    return core::fail(core::Code::invalid, std::string("the recording of the call is damaged: ") + exception.what(),
                      path.string());
  }
  return done;
}

}  // namespace parley::conversation
