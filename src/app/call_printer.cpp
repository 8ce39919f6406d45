#include "app/call_printer.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>
#include <variant>

namespace parley::app {
namespace {

using nlohmann::json;

char const* name(conversation::ReplyEnded::Why why) {
  using Why = conversation::ReplyEnded::Why;
  switch (why) {
    case Why::completed: return "completed";
    case Why::turn_detected: return "interrupted";
    case Why::client_cancelled: return "cancelled";
    case Why::max_tokens: return "max_tokens";
    case Why::content_filter: return "content_filter";
    case Why::failed: return "failed";
  }
  return "failed";
}

}  // namespace

void CallPrinter::note(std::string const& text) {
  if (json_) {
    out_ << json{{"type", "note"}, {"text", text}}.dump() << std::endl;
  } else {
    out_ << fmt::format("\033[2m{}\033[0m", text) << std::endl;
  }
}

void CallPrinter::gap(std::string const& recording, core::Duration length) {
  auto const ms = std::chrono::duration<double, std::milli>(length).count();
  totals_.gaps_ms.push_back(ms);
  if (json_) out_ << json{{"type", "gap"}, {"recording", recording}, {"ms", std::round(ms * 10) / 10}}.dump() << std::endl;
}

void CallPrinter::on(conversation::Command const& news) {
  if (auto const* words = std::get_if<conversation::UserWords>(&news)) {
    if (json_) {
      json line{{"type", "user"}, {"item", words->item}};
      if (words->text)
        line["text"] = *words->text;
      else
        line["error"] = core::describe(words->text.error());
      out_ << line.dump() << std::endl;
    } else if (!words->text) {
      out_ << fmt::format("  you ▸ (not understood: {})", core::describe(words->text.error())) << std::endl;
    } else {
      out_ << fmt::format("  \033[1myou\033[0m ▸ {}",
                          words->text->empty() ? "(nothing that could be understood)" : *words->text)
           << std::endl;
    }
  } else if (auto const* measured = std::get_if<conversation::TurnMeasured>(&news)) {
    turns_[measured->turn.reply_item] = measured->turn;
  } else if (auto const* ended = std::get_if<conversation::ReplyEnded>(&news)) {
    reply_ended(*ended);
  }
}

void CallPrinter::reply_ended(conversation::ReplyEnded const& reply) {
  bool const failed = reply.why == conversation::ReplyEnded::Why::failed;
  ++totals_.replies;
  totals_.failed += failed;
  if (json_) {
    json line{{"type", "reply"},
              {"item", reply.item.id},
              {"text", reply.text},
              {"heard", reply.item.text},
              {"why", name(reply.why)},
              {"sound_ms", reply.sent.ms()},
              {"tokens",
               {{"prompt", reply.usage.prompt_tokens},
                {"cached", reply.usage.cached_tokens},
                {"completion", reply.usage.completion_tokens}}}};
    if (failed) line["error"] = core::describe(reply.error);
    out_ << line.dump() << std::endl;
  } else {
    out_ << fmt::format("  \033[1m{}\033[0m ▸ {}", role_name_, failed && reply.text.empty() ? "(no answer)" : reply.item.text);
    if (reply.why == conversation::ReplyEnded::Why::turn_detected) out_ << "— (interrupted)";
    if (failed) out_ << fmt::format("  [{}]", core::describe(reply.error));
    out_ << std::endl;
  }
  if (auto const found = turns_.find(reply.item.id); found != turns_.end()) {
    turn(found->second);
    turns_.erase(found);
  }
}

void CallPrinter::turn(measure::Turn const& turn) {
  ++totals_.turns;
  if (auto const wait = turn.wait()) totals_.waits_ms.push_back(std::chrono::duration<double, std::milli>(*wait).count());
  if (json_) {
    json line{{"type", "turn"}, {"item", turn.reply_item}, {"stages", json::parse(measure::to_json(turn))}};
    out_ << line.dump() << std::endl;
  } else {
    out_ << '\n' << measure::waterfall(turn) << std::endl;
  }
}

}  // namespace parley::app
