#pragma once
// For tests: a session and its client, who remembers what he was told.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "server/realtime_session.hpp"

namespace parley::server {

using namespace conversation;
using language::Speaker;

/// A session with a client that writes down everything it is told. With PARLEY_EVENTS_OUT the events of all tests go to that
/// file, one a line, for tests/clients/check_events.py.
class RealtimeSessionTest : public testing::Test {
 protected:
  RealtimeSessionTest() : session_(opening()) { hear({session_.greet()}); }

  RealtimeSession::Opening opening() {
    Settings role;
    role.instructions = "你是小雨。";
    role.voices = {{"zh", "kokoro:zf_xiaoxiao"}};
    return {
        {"", "default", 2'000'000'000, "whisper-base"}, role, {{"kokoro:zf_xiaoxiao", "zh"}}, [this](std::string_view prefix) {
          return std::string(prefix) + std::to_string(++ids_);
        }};
  }

  void hear(std::vector<Outgoing> const& out) {
    static char const* const path = std::getenv("PARLEY_EVENTS_OUT");
    for (auto const& one : out) {
      if (path != nullptr) std::ofstream(path, std::ios::app) << one.text << "\n";
      events_.push_back(Json::parse(one.text));
      sounds_.push_back(one.sound_of.value);
    }
  }
  std::vector<Event> say(std::string const& message) {
    auto intake = session_.take(message);
    hear(intake.out);
    sound_ += intake.sound.size();
    return std::move(intake.events);
  }
  void tell(Command const& news) { hear(session_.tell(news)); }

  /// Types of what was heard since the last call.
  std::vector<std::string> types() {
    std::vector<std::string> types;
    for (; seen_ < events_.size(); ++seen_) types.push_back(events_[seen_]["type"]);
    return types;
  }
  Json const& last(std::string_view type) {
    for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
      if ((*event)["type"] == type) return *event;
    }
    ADD_FAILURE() << "no " << type;
    return events_.front();
  }

  void commit_turn(std::string const& item, std::string const& previous = "") {
    tell(SpeechStarted{item, audio::Heard::from_ms(320)});
    tell(SpeechStopped{item, audio::Heard::from_ms(1800)});
    tell(TurnCommitted{item, previous});
    Item user{.id = item,
              .speaker = Speaker::user,
              .text = {},
              .spoken = true,
              .status = ItemStatus::completed,
              .from = {},
              .to = {},
              .heard = {}};
    tell(ItemNews{ItemNews::What::added, user, previous, 0, 0});
    tell(ItemNews{ItemNews::What::done, user, previous, 0, 0});
  }
  void begin_reply(std::uint64_t number, std::string const& item, bool speak = true, bool outside = false,
                   std::map<std::string, std::string> metadata = {}) {
    tell(ReplyBegan{{number}, "resp_" + std::to_string(number), item, "item_u", speak, outside, std::move(metadata)});
  }
  void sound(std::uint64_t number, std::size_t samples) {
    tell(ReplySound{{number}, {}, std::make_shared<audio::Samples const>(samples, 0.25F)});
  }
  void end_reply(std::uint64_t number, std::string const& heard, std::string const& text,
                 ReplyEnded::Why why = ReplyEnded::Why::completed, core::Error error = {}) {
    ReplyEnded ended;
    ended.why = why;
    ended.reply = {number};
    ended.item.text = heard;
    ended.text = text;
    ended.usage = {30, 20, 7};
    ended.error = std::move(error);
    tell(ended);
  }

  int ids_ = 0;
  RealtimeSession session_;
  std::vector<Json> events_;
  std::vector<std::uint64_t> sounds_;
  std::size_t seen_ = 0, sound_ = 0;
};

}  // namespace parley::server
