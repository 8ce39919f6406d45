#include "cloud/volcengine/dialogue/dialogue.hpp"

#include <boost/asio/post.hpp>

#include "audio/pcm16.hpp"
#include "cloud/volcengine/dialogue/session.hpp"
#include "cloud/volcengine/recognition_codec.hpp"

namespace parley::cloud::volcengine::dialogue {
namespace {

namespace asio = boost::asio;

/// Shared by the faces; the session ends with it.
class Owner {
 public:
  explicit Owner(std::shared_ptr<Session> session) : session_(std::move(session)) {}
  ~Owner() {
    asio::post(session_->strand(), [session = session_] { session->close(); });
  }
  Owner(Owner const&) = delete;
  Owner& operator=(Owner const&) = delete;
  [[nodiscard]] std::shared_ptr<Session> const& session() const { return session_; }

 private:
  std::shared_ptr<Session> session_;
};
using OwnerAt = std::shared_ptr<Owner>;

/// Calls `f(session)` on its strand.
template <class F>
void on(std::shared_ptr<Session> const& session, F f) {
  asio::post(session->strand(), [session, f = std::move(f)] { f(*session); });
}

/// Stops `what` on the session's strand when whoever asked for it does not want it any more.
template <class What>
core::Job stopped_with(std::shared_ptr<Session> const& session, std::shared_ptr<What> const& what) {
  std::stop_source source;
  what->on_stop.emplace(source.get_token(), [at = std::weak_ptr(session), weak = std::weak_ptr(what)] {
    auto const there = at.lock();  // the session holds what it is asked for, so that may not hold the session
    if (!there) return;
    on(there, [weak](Session& s) {
      if (auto const alive = weak.lock()) s.stop(alive);
    });
  });
  return core::Job(std::move(source));
}

class Ear final : public speech::UtteranceRecogniser {
 public:
  Ear(OwnerAt owner, UtteranceAt utterance) : owner_(std::move(owner)), utterance_(std::move(utterance)) {}
  ~Ear() override {
    on(owner_->session(), [u = utterance_](Session& s) { s.leave(u); });
  }
  Ear(Ear const&) = delete;
  Ear& operator=(Ear const&) = delete;

  void push(std::span<float const> samples) override {
    if (samples.empty()) return;
    on(owner_->session(), [u = utterance_, pcm = audio::to_pcm16(samples)](Session& s) { s.hear(u, pcm); });
  }
  void transcribe(std::uint64_t revision, core::Urgency urgency) override {
    bool const partial = urgency == core::Urgency::partial;
    on(owner_->session(), [u = utterance_, revision, partial](Session& s) {
      if (partial) {
        s.look_in(u, revision);
      } else {
        s.transcribe(u, revision);
      }
    });
  }

 private:
  OwnerAt owner_;
  UtteranceAt utterance_;
};

class Ears final : public speech::Recogniser {
 public:
  explicit Ears(OwnerAt owner) : owner_(std::move(owner)) {}
  [[nodiscard]] std::unique_ptr<speech::UtteranceRecogniser> open(speech::RecogniserOptions options, Sink sink) const override {
    auto utterance = std::make_shared<Utterance>();
    utterance->sink = std::move(sink);
    utterance->ledger = std::move(options.ledger);
    on(owner_->session(),
       [utterance, words = hot_words_of(options.prompt)](Session& session) { session.listen(utterance, words); });
    return std::make_unique<Ear>(owner_, std::move(utterance));
  }

 private:
  OwnerAt owner_;
};

class Mind final : public language::Model {
 public:
  explicit Mind(OwnerAt owner) : owner_(std::move(owner)) {}
  [[nodiscard]] std::string name() const override { return owner_->session()->options().service; }
  [[nodiscard]] core::Job generate(language::GenerateRequest request, Sink sink) override {
    auto question = std::make_shared<Question>();
    question->request = std::move(request);
    question->sink = std::move(sink);
    auto job = stopped_with(owner_->session(), question);
    on(owner_->session(), [question](Session& session) { session.ask(question); });
    return job;
  }
  [[nodiscard]] core::Job prepare(std::vector<language::Message> messages, core::Urgency) override {
    on(owner_->session(), [messages = std::move(messages)](Session& session) { session.prepare(messages); });
    return {};
  }

 private:
  OwnerAt owner_;
};

class Mouth final : public speech::Synthesiser {
 public:
  explicit Mouth(OwnerAt owner) : owner_(std::move(owner)) {}
  [[nodiscard]] std::vector<speech::VoiceInfo> voices() const override {
    auto const& options = owner_->session()->options();
    return {{options.service + ":" + options.speaker, {"zh", "en"}, "Volcengine"}};
  }
  [[nodiscard]] core::Result<void> check(std::string const&) const override { return {}; }  // it is the session's, for all
  [[nodiscard]] core::Job speak(speech::SpeakRequest request, Sink sink) const override {
    auto clause = std::make_shared<Clause>();
    clause->text = std::move(request.text);
    clause->sink = std::move(sink);
    auto job = stopped_with(owner_->session(), clause);
    on(owner_->session(), [clause](Session& session) { session.speak(clause); });
    return job;
  }

 private:
  OwnerAt owner_;
};

}  // namespace

Faces open(net::Network& network, Options options) {
  auto const owner = std::make_shared<Owner>(std::make_shared<Session>(network, std::move(options)));
  return {std::make_shared<Ears const>(owner), std::make_shared<Mind>(owner), std::make_shared<Mouth const>(owner)};
}

}  // namespace parley::cloud::volcengine::dialogue
