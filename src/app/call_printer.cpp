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
    if (ledger_) line["services"] = json::parse(uses());
    out_ << line.dump() << std::endl;
  } else {
    out_ << '\n' << measure::waterfall(turn) << std::endl;
  }
}

void CallPrinter::follow(std::shared_ptr<core::Ledger> ledger, Prices prices) {
  ledger_ = std::move(ledger);
  prices_ = std::move(prices);
}

std::string CallPrinter::uses() {
  std::string out = "[";
  for (auto const& use : ledger_->take()) {
    auto const* price = prices_.of(use.product, today());
    bill_.add(use, price);
    out += (out.size() > 1 ? "," : "") + to_json(use, price);
  }
  return out + "]";
}

void CallPrinter::bill() {
  if (!ledger_) return;
  auto const rest = uses();
  if (json_) {
    json line{{"type", "bill"}, {"services", json::parse(rest)}};
    line.update(json::parse(to_json(bill_)));
    out_ << line.dump() << std::endl;
    return;
  }
  std::string sums;
  for (auto const& [currency, sum] : bill_.sums) sums += fmt::format(" {:.4f} {}", sum, currency);
  int unknown = 0;
  for (auto const& [product, uses] : bill_.without_a_price) unknown += uses;
  if (!sums.empty()) note("the services of this call cost" + sums);
  if (unknown != 0) note(fmt::format("{} requests to services have no price in the table of prices", unknown));
}

}  // namespace parley::app
