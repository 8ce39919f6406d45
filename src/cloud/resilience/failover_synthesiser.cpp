#include "cloud/resilience/failover_synthesiser.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <stop_token>

namespace parley::cloud {
namespace {

using speech::Synthesiser;

/// One clause and who speaks it; as with answers, the next begins when the one before has failed.
struct Speaking : std::enable_shared_from_this<Speaking> {
  struct Candidate {
    std::size_t index = 0;
    std::string voice;
  };
  std::shared_ptr<Providers<Synthesiser const>> providers;
  speech::SpeakRequest request;
  Synthesiser::Sink sink;
  std::vector<Candidate> order;
  std::size_t at = 0;
  std::size_t heard = 0;  ///< samples that have left
  std::size_t skip = 0;   ///< of the present telling, still to be left out
  CurrentJob job;
  std::optional<std::stop_callback<std::function<void()>>> on_stop;  // last: its end waits for a stop under way

  void ask() {
    auto asked = request;
    auto const [i, voice] = order[at];
    asked.voice = voice;
    skip = heard;
    auto const mine = at;
    job.set(mine, (*providers)[i].provider->speak(std::move(asked),
                                                  [self = shared_from_this(), mine](core::Result<speech::SpokenBlock> block) {
                                                    self->take(mine, std::move(block));
                                                  }));
  }
  void take(std::size_t mine, core::Result<speech::SpokenBlock> block) {
    if (at != mine) return;
    auto const i = order[at].index;
    if (!block) {
      providers->failed(i, block.error());
      if (worth_another(block.error().code) && at + 1 < order.size() && !job.stopped()) {
        ++at;
        return ask();
      }
      return sink(std::move(block));
    }
    if (block->last) providers->succeeded(i);
    auto& samples = block->samples;
    auto const told = std::min(skip, samples.size());
    samples.erase(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(told));
    skip -= told;
    heard += samples.size();
    if (!samples.empty() || block->last) sink(std::move(block));
  }
};

std::string prefix_of(std::string const& voice) { return voice.substr(0, std::min(voice.find(':'), voice.size())); }

}  // namespace

FailoverSynthesiser::FailoverSynthesiser(std::vector<Speaker> speakers) : speakers_(std::move(speakers)) {
  std::vector<List::Entry> entries;
  for (auto const& speaker : speakers_) entries.push_back({speaker.name, speaker.synthesiser});
  providers_ = std::make_shared<List>(std::move(entries));
}

std::vector<speech::VoiceInfo> FailoverSynthesiser::voices() const {
  std::vector<speech::VoiceInfo> all;
  for (auto const& speaker : speakers_) std::ranges::move(speaker.synthesiser->voices(), std::back_inserter(all));
  return all;
}

std::string FailoverSynthesiser::voice_for(Speaker const& speaker, std::string const& voice, std::string const& language) {
  if (speaker.local) {
    if (speaker.synthesiser->check(voice)) return voice;
  } else if (prefix_of(voice) == speaker.name) {
    return voice;
  }
  if (auto const at = speaker.instead.find(voice); at != speaker.instead.end()) return at->second;
  if (auto const at = speaker.voices.find(language); at != speaker.voices.end()) return at->second;
  return {};
}

std::vector<std::size_t> FailoverSynthesiser::candidates(std::string const& voice, std::string const& language) const {
  std::vector<std::size_t> out;
  auto const owner = std::ranges::find_if(speakers_, [&](Speaker const& s) { return !s.local && prefix_of(voice) == s.name; });
  if (owner != speakers_.end()) out.push_back(static_cast<std::size_t>(owner - speakers_.begin()));
  for (std::size_t i = 0; i < speakers_.size(); ++i) {
    if (std::ranges::find(out, i) == out.end() && !voice_for(speakers_[i], voice, language).empty()) out.push_back(i);
  }
  return out;
}

core::Result<void> FailoverSynthesiser::check(std::string const& voice) const {
  core::Result<void> last = core::fail(core::Code::not_found, "no synthesiser of this house has this voice", voice);
  for (auto const& speaker : speakers_) {
    if (speaker.local || prefix_of(voice) == speaker.name) {
      last = speaker.synthesiser->check(voice);
      if (last) return last;
    } else if (speaker.instead.contains(voice) || !speaker.voices.empty()) {
      return {};
    }
  }
  return last;
}

core::Job FailoverSynthesiser::speak(speech::SpeakRequest request, Sink sink) const {
  std::stop_source source;
  auto const speaking = std::make_shared<Speaking>();
  auto const can = candidates(request.voice, request.language);
  for (auto const i : providers_->order(core::Clock::now(), can)) {
    speaking->order.push_back({i, voice_for(speakers_[i], request.voice, request.language)});
  }
  if (speaking->order.empty()) {
    sink(core::fail(core::Code::not_found, "no synthesiser of this house has this voice", request.voice));
    return {};
  }
  speaking->providers = providers_;
  speaking->request = std::move(request);
  speaking->sink = std::move(sink);
  speaking->on_stop.emplace(source.get_token(), [weak = std::weak_ptr<Speaking>(speaking)] {
    if (auto const alive = weak.lock()) alive->job.stop();
  });
  speaking->ask();
  return core::Job(std::move(source));
}

}  // namespace parley::cloud
