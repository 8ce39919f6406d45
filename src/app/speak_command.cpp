#include "app/speak_command.hpp"

#include <fmt/format.h>

#include <chrono>
#include <future>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "app/house.hpp"
#include "audio/file.hpp"
#include "core/utf8.hpp"

namespace parley::app {
namespace {

using core::Code;
using core::Result;

int complain(core::Error const& error) {
  std::cerr << "parley: " << core::describe(error) << std::endl;
  return 1;
}

struct Spoken {
  audio::Samples samples;
  double first_ms = 0, whole_ms = 0;
};

double ms_since(core::Instant begin) { return std::chrono::duration<double, std::milli>(core::Clock::now() - begin).count(); }

/// Speaks one text and waits for all of it.
Result<Spoken> speak(speech::Synthesiser const& synthesiser, speech::SpeakRequest request) {
  auto spoken = std::make_shared<Spoken>();
  auto finished = std::make_shared<std::promise<Result<Spoken>>>();
  auto future = finished->get_future();
  auto const begin = core::Clock::now();
  auto const job = synthesiser.speak(std::move(request), [spoken, finished, begin](Result<speech::SpokenBlock> block) {
    if (!block) return finished->set_value(std::unexpected(block.error()));
    if (spoken->samples.empty() && !block->samples.empty()) spoken->first_ms = ms_since(begin);
    spoken->samples.insert(spoken->samples.end(), block->samples.begin(), block->samples.end());
    spoken->whole_ms = ms_since(begin);
    if (block->last) finished->set_value(std::move(*spoken));
  });
  return future.get();
}

int list_voices(speech::Synthesiser const& synthesiser) {
  for (auto const& voice : synthesiser.voices()) {
    fmt::print("{:<28} {:<6} {}\n", voice.name, fmt::format("{}", voice.languages.empty() ? "" : voice.languages.front()),
               voice.description);
  }
  return 0;
}

}  // namespace

int speak_command(SpeakOptions const& options, Config const& config) {
  auto house = House::open(config, {.hearing = false, .thinking = false, .speaking = true}, [](std::string const&) {});
  if (!house) return complain(house.error());
  auto const& synthesiser = *(*house)->engines().synthesiser;
  if (options.list) return list_voices(synthesiser);

  std::vector<std::string> texts = options.texts;
  if (texts.empty()) {
    for (std::string line; std::getline(std::cin, line);) {
      if (!line.empty()) texts.push_back(line);
    }
  }
  if (texts.empty())
    return complain({Code::invalid, "there is no text to speak; give one, or lines on standard input", "", {}});
  bool const one = options.out.extension() == ".wav";
  if (one && texts.size() > 1)
    return complain({Code::invalid, "several texts need a folder: --out FOLDER", options.out.string(), {}});
  std::error_code error;
  if (!one) std::filesystem::create_directories(options.out, error);

  std::set<std::string> used;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    speech::SpeakRequest request;
    request.text = texts[i];
    request.language = core::guess_language(texts[i]);
    if (request.language.empty()) request.language = "en";
    request.voice = options.voice.empty() ? config.voices.at(request.language) : options.voice;
    request.speed = options.speed;
    if (auto const known = synthesiser.check(request.voice); !known) return complain(known.error());
    used.insert(request.voice);
    auto const spoken = speak(synthesiser, std::move(request));
    if (!spoken) return complain(spoken.error());
    auto const path = one ? options.out : options.out / fmt::format("{:03}.wav", i + 1);
    if (auto const written = audio::write_wav(path, spoken->samples, audio::spoken_hz); !written)
      return complain(written.error());
    fmt::print("{}  {:.2f} s of sound, first sample after {:.0f} ms, all after {:.0f} ms\n", path.string(),
               static_cast<double>(spoken->samples.size()) / audio::spoken_hz, spoken->first_ms, spoken->whole_ms);
  }
  // What was begun behind a new voice's first sentences ends here, or it would stay slow for ever.
  std::fflush(stdout);
  for (auto const& voice : used) {
    auto const measured = (*house)->measure_voice(voice, [](std::string const& what) { std::cerr << what << std::endl; });
    if (!measured) return complain(measured.error());
  }
  return 0;
}

int transcribe_command(TranscribeOptions const& options, Config const& config) {
  auto house = House::open(config, {.hearing = true, .thinking = false, .speaking = false}, [](std::string const&) {});
  if (!house) return complain(house.error());
  int status = 0;
  for (auto const& path : options.recordings) {
    auto const recording = audio::read_recording(path, audio::heard_hz);
    if (!recording) {
      status = complain(recording.error());
      continue;
    }
    auto answer = std::make_shared<std::promise<Result<speech::Transcript>>>();
    auto future = answer->get_future();
    auto const begin = core::Clock::now();
    auto const utterance =
        (*house)->engines().recogniser->open({options.language, {}}, [answer](Result<speech::Transcript> transcript) {
          if (!transcript || transcript->revision == 1) answer->set_value(std::move(transcript));
        });
    utterance->push(recording->samples);
    utterance->transcribe(1, core::Urgency::text);
    auto const transcript = future.get();
    if (!transcript) {
      status = complain(transcript.error());
    } else if (options.json) {
      nlohmann::json const line{
          {"file", path.string()}, {"text", transcript->text}, {"language", transcript->language}, {"ms", ms_since(begin)}};
      fmt::print("{}\n", line.dump());
    } else {
      fmt::print("{}\t{}\n", path.string(), transcript->text);
    }
    std::fflush(stdout);
  }
  return status;
}

}  // namespace parley::app
