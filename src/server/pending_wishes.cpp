#include "server/pending_wishes.hpp"

#include <algorithm>
#include <optional>

namespace parley::server {
namespace {

constexpr std::size_t most = 64;

std::optional<PendingWishes::Kind> kind_of(std::string_view code) {
  using Kind = PendingWishes::Kind;
  if (code.starts_with("response_cancel")) return Kind::cancel_response;
  if (code.starts_with("conversation_already_has")) return Kind::create_response;
  if (code.starts_with("input_audio_buffer_commit")) return Kind::commit;
  if (code.starts_with("item_truncate")) return Kind::truncate_item;
  if (code.starts_with("item_delete")) return Kind::delete_item;
  if (code.starts_with("item_create")) return Kind::create_item;
  return std::nullopt;
}

}  // namespace

void PendingWishes::add(Kind kind, std::string key, std::string event_id) {
  if (wishes_.size() == most) wishes_.pop_front();
  wishes_.push_back({kind, std::move(key), std::move(event_id)});
}

void PendingWishes::fulfilled(Kind kind, std::string_view key) {
  auto const found = std::ranges::find_if(
      wishes_, [&](Wish const& wish) { return wish.kind == kind && (key.empty() || wish.key.empty() || wish.key == key); });
  if (found != wishes_.end()) wishes_.erase(found);
}

std::string PendingWishes::refused(std::string_view code, std::string_view key) {
  auto const kind = kind_of(code);
  auto found = wishes_.end();
  for (auto wish = wishes_.begin(); wish != wishes_.end(); ++wish) {
    if (kind && wish->kind != *kind) continue;
    if (!key.empty() && wish->key == key) {
      found = wish;
      break;
    }
    // An answer that began may have been nobody's wish, so wishes for answers are never known to have come true: the newest is
    // the one that was refused. Of all others the oldest is.
    if (kind && (found == wishes_.end() || *kind == Kind::create_response)) found = wish;
  }
  if (found == wishes_.end()) return {};
  std::string event_id = std::move(found->event_id);
  wishes_.erase(found);
  return event_id;
}

bool PendingWishes::has(Kind kind, std::string_view key) const {
  return std::ranges::any_of(wishes_, [&](Wish const& wish) { return wish.kind == kind && wish.key == key; });
}

}  // namespace parley::server
