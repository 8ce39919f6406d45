// Plays every file of tests/dialogues/ through a conversation, in virtual time, with engines that take as long as real ones.
// What the lines mean stands in tests/dialogues/README.md. A file that does not hold is named with its line.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <queue>
#include <set>
#include <sstream>

#include "conversation/scenario.hpp"
#include "core/utf8.hpp"

namespace parley::conversation {
namespace {

using Ms = std::int64_t;

/// "FROM..TO", in milliseconds.
struct Window {
  Ms from = 0, to = 0;
};
std::istream& operator>>(std::istream& in, Window& window) {
  char dot = 0;
  return in >> window.from >> dot >> dot >> window.to;
}

std::string rest_of(std::istream& in) {
  std::string rest;
  std::getline(in >> std::ws, rest);
  return rest;
}

class Stage {
 public:
  explicit Stage(std::filesystem::path file) : file_(std::move(file)), settings_(Scenario::spoken("zh")) {}

  void play() {
    std::ifstream in(file_);
    for (std::string line; std::getline(in, line);) {
      ++line_;
      if (!line.empty() && line.front() != '#') read(line);
    }
    perform();
    check();
  }

 private:
  struct Said {
    Ms from, to;
    std::string text;
    float finished;
  };
  struct Expected {
    int line;
    bool wanted;
    Window when;
    std::string word, rest;
  };
  struct Coming {
    Ms at;
    int order;
    Event event;
    bool operator<(Coming const& other) const { return std::tie(other.at, other.order) < std::tie(at, order); }
  };

  void read(std::string const& text) {
    std::istringstream in(text);
    std::string verb;
    in >> verb;
    if (verb == "set") {
      set(in);
    } else if (verb == "answer") {
      answers_.push_back(rest_of(in));
    } else if (verb == "at") {
      Ms at = 0;
      in >> at >> verb;
      happen(at, verb, in);
    } else if (verb == "expect" || verb == "never") {
      Expected e{line_, verb == "expect", {}, {}, {}};
      in >> e.when >> e.word;
      e.rest = rest_of(in);
      expected_.push_back(std::move(e));
    } else if (verb == "history") {
      history_.push_back(rest_of(in));
    } else {
      bad(verb);
      return;
    }
    if (in.fail() && !in.eof()) bad(text);
  }
  void bad(std::string const& what) { ADD_FAILURE() << file_.filename() << ":" << line_ << ": cannot be read: " << what; }

  void set(std::istream& in) {
    std::string key, value;
    in >> key >> value;
    auto& turns = settings_.turns;
    if (key == "language") {
      settings_.language = value;
      settings_.instructions.clear();
    } else if (key == "holds") {
      settings_.player_holds = value == "yes";
    } else if (key == "interrupts") {
      turns.interrupt_reply = value == "yes";
    } else if (key == "kind") {
      turns.kind = value == "manual"    ? TurnTaking::Kind::manual
                   : value == "silence" ? TurnTaking::Kind::silence
                                        : TurnTaking::Kind::semantic;
    } else if (key == "idle") {
      turns.idle = Milliseconds(std::stoi(value));
    } else if (key == "transcript") {
      transcript_ms_ = std::stoi(value);
    } else if (key == "sound") {
      sound_ms_ = std::stoi(value);
    } else {
      bad(key);
    }
  }

  void happen(Ms at, std::string const& verb, std::istream& in) {
    if (verb == "say" || verb == "cough") {
      Said said{at, 0, {}, 0.95F};
      Ms length = 0;
      in >> length;
      said.to = at + length;
      in >> std::ws;
      if (in.peek() == 'p') {
        in.ignore(2);
        in >> said.finished;
      }
      said.text = rest_of(in);
      said_.push_back(std::move(said));
    } else if (verb == "lose") {
      Ms length = 0;
      in >> length;
      lost_.push_back({at, at + length});
    } else if (verb == "greet") {
      later(at, parley::conversation::say(rest_of(in)));
    } else if (verb == "ask") {
      later(at, ReplyAsked{});
    } else if (verb == "commit") {
      later(at, CommitAsked{});
    } else if (verb == "cancel") {
      later(at, ReplyCancelled{});
    } else if (verb == "hangup") {
      later(at, HungUp{});
    } else {
      bad(verb);
    }
    end_ = std::max(end_, at);
  }

  void later(Ms at, Event event) { coming_.push({at, ++order_, std::move(event)}); }

  void perform() {
    call_ = std::make_unique<Conversation>(settings_, 1);
    Ms last = end_;
    for (auto const& s : said_) last = std::max(last, s.to);
    for (auto const& e : expected_) last = std::max(last, e.when.to);
    for (Ms frame = 32; frame <= last + 200; frame += 32) {
      advance(frame);
      position_ = position_ + audio::Heard{512};
      if (std::ranges::any_of(lost_, [&](Window w) { return w.from < frame && frame <= w.to; })) continue;
      bool const voice = std::ranges::any_of(said_, [&](Said const& s) { return s.from < frame && frame <= s.to; });
      tell(FrameHeard{position_, voice ? 0.95F : 0.02F, voice ? -22.0F : -65.0F});
    }
  }
  void advance(Ms until) {
    for (int steps = 0; steps < 1000; ++steps) {
      auto const wake = ms_of(call_->wake_at());
      auto const due = coming_.empty() ? std::numeric_limits<Ms>::max() : coming_.top().at;
      if (std::min(wake, due) > until) break;
      if (due <= wake) {
        auto const next = coming_.top();
        coming_.pop();
        now_ = std::max(now_, due);
        tell(next.event);
      } else {
        now_ = std::max(now_, wake);
        tell(Woken{});
      }
    }
    now_ = until;
  }
  Ms ms_of(core::Instant at) const {
    if (at == core::never) return std::numeric_limits<Ms>::max();
    return std::chrono::ceil<Milliseconds>(at - zero_).count();
  }
  void tell(Event const& event) {
    for (auto const& command : call_->on(zero_ + Milliseconds(now_), event)) {
      lines_.emplace_back(now_, to_line(command));
      std::visit([&](auto const& c) { engine(c); }, command);
    }
  }

  // ---- engines
  template <class T>
  void engine(T const&) {}
  void engine(OpenUtterance const& open) { opened_[open.utterance] = open.from.ms(); }
  void engine(Transcribe const& t) {
    std::string heard;
    for (auto const& s : said_) {
      if (s.to <= opened_[t.utterance] || s.from >= now_) continue;
      auto const letters = core::decode_utf8(s.text);
      auto const share = std::min(1.0, static_cast<double>(now_ - s.from) / static_cast<double>(s.to - s.from));
      if (!heard.empty() && settings_.language == "en") heard += " ";
      heard += cut_at_word(s.text, static_cast<std::size_t>(share * static_cast<double>(letters.size())));
    }
    later(now_ + transcript_ms_, TranscriptArrived{t.utterance, t.revision, std::move(heard)});
  }
  void engine(PredictEnd const& p) {
    float finished = 0.9F;
    for (auto const& s : said_) {
      if (s.from < now_) finished = s.finished;
    }
    later(now_ + 80, EndPredicted{p.utterance, p.revision, finished});
  }
  void engine(Generate const& g) {
    auto const text = next_answer_ < answers_.size() ? answers_[next_answer_] : std::string("好的。");
    if (!speculative_.contains(g.reply)) speculative_[g.reply] = next_answer_++;
    Ms at = now_ + 80;
    for (char32_t c : core::decode_utf8(text)) {
      later(at, PieceArrived{g.reply, language::Delta{core::encode_utf8(std::u32string(1, c))}});
      at += 12;
    }
    later(at, PieceArrived{g.reply, language::Finish{}});
  }
  /// An answer that was never begun is still to be given.
  void engine(Abandon const& a) {
    if (speculative_.contains(a.reply) && !begun_.contains(a.reply)) next_answer_ = speculative_[a.reply];
  }
  void engine(ReplyBegan const& b) { begun_.insert(b.reply); }
  void engine(Speak const& s) {
    Ms length = 0;
    for (char32_t c : core::decode_utf8(s.text)) length += core::is_han(c) ? 200 : core::is_latin_letter(c) ? 70 : 40;
    Ms at = now_ + sound_ms_;
    for (Ms done = 0; done < length; done += 400, at += 60) {
      later(at, SoundArrived{s.reply, s.clause, sound_of_ms(std::min<Ms>(400, length - done)), done + 400 >= length});
    }
  }

  void check() const {
    for (auto const& e : expected_) {
      bool found = false;
      for (auto const& [at, line] : lines_) {
        found = found || (e.when.from <= at && at <= e.when.to && line.substr(0, line.find(' ')) == e.word &&
                          line.find(e.rest) != std::string::npos);
      }
      EXPECT_EQ(found, e.wanted) << file_.filename() << ":" << e.line << ": " << (e.wanted ? "not seen: " : "seen: ") << e.word
                                 << " " << e.rest << "\n"
                                 << story();
    }
    if (history_.empty()) return;
    std::vector<std::string> history;
    for (auto const& message : call_->history().messages("", settings_.language)) {
      history.push_back(std::string(language::name(message.speaker)) + " " + message.text);
    }
    EXPECT_EQ(history, history_) << file_.filename();
  }
  std::string story() const {
    std::string out;
    for (auto const& [at, line] : lines_) {
      if (!line.starts_with("text")) out += fmt::format("  {:6} {}\n", at, line);
    }
    return out;
  }

  std::filesystem::path file_;
  int line_ = 0, order_ = 0;
  Settings settings_;
  Ms transcript_ms_ = 120, sound_ms_ = 150, end_ = 0, now_ = 0;
  std::vector<std::string> answers_, history_;
  std::size_t next_answer_ = 0;
  std::vector<Said> said_;
  std::vector<Window> lost_;
  std::vector<Expected> expected_;
  std::priority_queue<Coming> coming_;
  std::unique_ptr<Conversation> call_;
  core::Instant zero_ = core::Instant{} + std::chrono::hours(1);
  audio::Heard position_;
  std::map<core::UtteranceId, Ms> opened_;
  std::map<core::ReplyId, std::size_t> speculative_;
  std::set<core::ReplyId> begun_;
  std::vector<std::pair<Ms, std::string>> lines_;
};

TEST(Dialogues, hold) {
  int files = 0;
  for (auto const& entry : std::filesystem::directory_iterator(std::filesystem::path(PARLEY_SOURCE_DIR) / "tests/dialogues")) {
    if (entry.path().extension() != ".txt") continue;
    SCOPED_TRACE(entry.path().filename().string());
    Stage(entry.path()).play();
    ++files;
  }
  EXPECT_GE(files, 8);
}

}  // namespace
}  // namespace parley::conversation
