#include "conversation/history.hpp"

#include <algorithm>
#include <set>

#include "core/utf8.hpp"

namespace parley::conversation {
namespace {

// A model continues an interrupted text as if nothing had happened unless it sees that it broke off.
constexpr std::string_view broken_off = "…";

/// Adds an item to the prompt; `known`: the calls that are in it, without which a result means nothing.
void add_to(std::vector<language::Message>& messages, std::set<std::string>& known, Item const& item, std::string text) {
  if (item.kind == Item::Kind::function_call) {
    if (item.status != ItemStatus::completed) return;  // it was never carried out
    if (messages.empty() || messages.back().speaker != language::Speaker::assistant) {
      messages.push_back({language::Speaker::assistant, ""});
    }
    messages.back().calls.push_back({item.call_id, item.name, item.text});
    known.insert(item.call_id);
  } else if (item.kind == Item::Kind::function_call_output) {
    if (known.contains(item.call_id)) messages.push_back({language::Speaker::tool, std::move(text), {}, item.call_id});
  } else if (!text.empty()) {
    messages.push_back({item.speaker, std::move(text)});
  }
}

std::string silence_in(std::string const& language) { return language == "zh" ? "（沉默）" : "(silence)"; }

auto position(std::vector<History::Entry> const& entries, std::string_view id) {
  return std::ranges::find_if(entries, [&](History::Entry const& entry) { return entry.item.id == id; });
}

}  // namespace

int estimated_tokens(std::string_view text) {
  int quarters = 0;
  for (char32_t c : core::decode_utf8(text)) quarters += core::is_han(c) || core::is_cjk_punctuation(c) ? 4 : 1;
  return (quarters + 3) / 4;
}

std::string History::append(Entry entry) {
  auto before = last();
  entries_.push_back(std::move(entry));
  changed();
  return before;
}

std::optional<std::string> History::insert(Item item, std::string_view after) {
  if (find(item.id) != nullptr) return std::nullopt;
  auto at = entries_.cbegin();
  std::string before;
  if (after != "root") {
    at = position(entries_, after);
    if (at == entries_.cend()) return std::nullopt;
    before = at->item.id;
    ++at;
  }
  auto const index = static_cast<std::size_t>(at - entries_.cbegin());
  Entry entry;
  entry.item = std::move(item);
  entries_.insert(at, std::move(entry));
  if (index < window_) ++window_;
  changed();
  return before;
}

bool History::remove(std::string_view id) {
  auto const at = position(entries_, id);
  if (at == entries_.cend()) return false;
  auto const index = static_cast<std::size_t>(at - entries_.cbegin());
  entries_.erase(at);
  if (index < window_) --window_;
  changed();
  return true;
}

History::Entry const* History::find(std::string_view id) const {
  auto const at = position(entries_, id);
  return at == entries_.cend() ? nullptr : &*at;
}

History::Entry* History::find(std::string_view id) { return const_cast<Entry*>(std::as_const(*this).find(id)); }

std::string History::previous_of(std::string_view id) const {
  auto const at = position(entries_, id);
  return at == entries_.cend() || at == entries_.cbegin() ? std::string{} : std::prev(at)->item.id;
}

void cut(History::Entry& entry, audio::Spoken heard) {
  heard = std::clamp(heard, audio::Spoken{0}, entry.sent);
  entry.item.heard = heard;
  if (heard == entry.sent && !entry.cut) return;  // it was heard to the end
  entry.cut = true;
  entry.item.text = entry.sound.heard(entry.written, heard);
  entry.item.status = ItemStatus::incomplete;
}

std::string_view History::last_answer() const {
  auto const at = std::find_if(entries_.rbegin(), entries_.rend(), [](Entry const& entry) {
    return entry.item.speaker == language::Speaker::assistant && entry.item.kind == Item::Kind::message &&
           !entry.item.text.empty();
  });
  return at == entries_.rend() ? std::string_view{} : std::string_view(at->item.text);
}

void History::set_text(std::string_view id, std::string text) {
  if (auto* entry = find(id)) {
    entry->item.text = std::move(text);
    changed();
  }
}

void History::changed() {
  int tokens = 0;
  for (std::size_t i = window_; i < entries_.size(); ++i) tokens += estimated_tokens(entries_[i].item.text);
  if (tokens <= most_tokens) return;
  while (tokens > tokens_after_trimming && window_ + 1 < entries_.size())
    tokens -= estimated_tokens(entries_[window_++].item.text);
}

std::vector<language::Message> History::messages(std::string const& instructions, std::string const& language) const {
  std::vector<language::Message> messages;
  std::set<std::string> known;
  if (!instructions.empty()) messages.push_back({language::Speaker::system, instructions});
  for (std::size_t i = window_; i < entries_.size(); ++i) {
    auto const& entry = entries_[i];
    auto text = entry.silent ? silence_in(language) : entry.item.text;
    if (entry.cut && !text.empty()) text += broken_off;
    add_to(messages, known, entry.item, std::move(text));
  }
  return messages;
}

std::vector<language::Message> messages_of(std::string const& instructions, std::vector<Item> const& items) {
  std::vector<language::Message> messages;
  if (!instructions.empty()) messages.push_back({language::Speaker::system, instructions});
  std::set<std::string> known;
  for (auto const& item : items) add_to(messages, known, item, item.text);
  return messages;
}

}  // namespace parley::conversation
