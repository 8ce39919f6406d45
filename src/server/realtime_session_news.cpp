// The other half of RealtimeSession: what the conversation says, in the order stock clients rely on.
#include <algorithm>
#include <type_traits>

#include "server/realtime_session.hpp"

namespace parley::server {
namespace {

using conversation::Item;
using conversation::ItemNews;
using conversation::ItemStatus;
using conversation::ReplyEnded;
using language::Speaker;
using Kind = PendingWishes::Kind;

template <class T>
inline constexpr bool is_news =
    std::is_same_v<T, conversation::SpeechStarted> || std::is_same_v<T, conversation::SpeechStopped> ||
    std::is_same_v<T, conversation::TurnCommitted> || std::is_same_v<T, ItemNews> ||
    std::is_same_v<T, conversation::UserWordsGrew> || std::is_same_v<T, conversation::UserWords> ||
    std::is_same_v<T, conversation::ReplyBegan> || std::is_same_v<T, conversation::ReplyText> ||
    std::is_same_v<T, conversation::ReplyGrounds> || std::is_same_v<T, conversation::ToolCallStarted> ||
    std::is_same_v<T, conversation::ToolCallDelta> || std::is_same_v<T, conversation::ReplySound> ||
    std::is_same_v<T, ReplyEnded> || std::is_same_v<T, conversation::Refused> || std::is_same_v<T, conversation::Cleared> ||
    std::is_same_v<T, conversation::IdleTimeout> || std::is_same_v<T, conversation::TurnMeasured>;

Item begun(ResponseFace const& face) {
  Item item;
  item.id = face.item;
  item.speaker = Speaker::assistant;
  item.spoken = face.speak;
  item.status = ItemStatus::in_progress;
  return item;
}

}  // namespace

std::vector<Outgoing> RealtimeSession::tell(conversation::Command const& command) {
  Out out;
  std::visit(
      [&]<class T>(T const& what) {
        if constexpr (is_news<T>) news(what, out);  // the rest is for the engines or for measuring
      },
      command);
  return out;
}

void RealtimeSession::news(conversation::SpeechStarted const& news, Out& out) {
  out.push_back({writer_.speech_started(news.item, news.at.ms()), {}});
}

void RealtimeSession::news(conversation::SpeechStopped const& news, Out& out) {
  out.push_back({writer_.speech_stopped(news.item, news.at.ms()), {}});
}

void RealtimeSession::news(conversation::TurnCommitted const& news, Out& out) {
  wishes_.fulfilled(Kind::commit);
  out.push_back({writer_.committed(news.item, news.previous), {}});
  Item item;
  item.id = news.item;
  item.spoken = true;
  announce(item, news.previous, out);
  finish_item(item, news.previous, out);
  if (!early_words_ || early_words_->item != news.item) return;
  conversation::UserWords const words = *std::exchange(early_words_, std::nullopt);
  this->news(words, out);
}

/// conversation.item.added, once for an item however often it is heard of.
void RealtimeSession::announce(Item const& item, std::string const& previous, Out& out) {
  auto const [entry, fresh] = items_.try_emplace(item.id, Entry{item, false});
  if (!fresh) return;
  wishes_.fulfilled(Kind::create_item, item.id);
  out.push_back({writer_.item("conversation.item.added", item, previous), {}});
}

void RealtimeSession::finish_item(Item const& item, std::string const& previous, Out& out) {
  Entry& entry = items_[item.id];
  entry.item = item;
  if (!std::exchange(entry.done, true)) out.push_back({writer_.item("conversation.item.done", item, previous), {}});
  answer_waiting(item.id, out);
}

void RealtimeSession::answer_waiting(std::string const& item, Out& out) {
  auto const found = items_.find(item);
  std::erase_if(waiting_, [&](WaitingRetrieve const& waiting) {
    if (waiting.item != item) return false;
    if (found != items_.end()) {
      out.push_back({writer_.item_retrieved(found->second.item), {}});
    } else {
      out.push_back({writer_.error({"item_retrieve_invalid_item_id", "The item '" + item + "' does not exist.", "item_id",
                                    waiting.event_id}),
                     {}});
    }
    return true;
  });
}

void RealtimeSession::news(ItemNews const& news, Out& out) {
  bool const being_given =
      std::ranges::any_of(replies_, [&](auto const& reply) { return reply.second.face.item == news.item.id; });
  switch (news.what) {
    case ItemNews::What::added:
    case ItemNews::What::done: {
      if (being_given) return;  // ReplyBegan and ReplyEnded say the same, at the right place
      if (auto const known = items_.find(news.item.id); known != items_.end() && known->second.done) {
        // What the recogniser has heard by now is not taken back.
        std::string text = news.item.text.empty() ? known->second.item.text : news.item.text;
        known->second.item = news.item;
        known->second.item.text = std::move(text);
        return;
      }
      announce(news.item, news.previous, out);
      if (news.item.status != ItemStatus::in_progress) finish_item(news.item, news.previous, out);
      return;
    }
    case ItemNews::What::deleted:
      wishes_.fulfilled(Kind::delete_item, news.item.id);
      items_.erase(news.item.id);
      out.push_back({writer_.item_deleted(news.item.id), {}});
      return;
    case ItemNews::What::truncated:
      wishes_.fulfilled(Kind::truncate_item, news.item.id);
      if (auto const known = items_.find(news.item.id); known != items_.end()) known->second.item = news.item;
      if (news.item.id == last_item_) silenced_ = last_ended_;
      out.push_back({writer_.item_truncated(news.item.id, news.content_index, news.audio_end_ms), {}});
      return;
  }
}

void RealtimeSession::news(conversation::UserWordsGrew const& news, Out& out) {
  if (config_.settings().transcribe) out.push_back({writer_.words_delta(news.item, news.delta), {}});
}

void RealtimeSession::news(conversation::UserWords const& news, Out& out) {
  auto const known = items_.find(news.item);
  if (known == items_.end()) {
    early_words_ = news;  // clients look the item up as soon as they hear of its words
    return;
  }
  if (news.text) known->second.item.text = *news.text;
  if (!config_.settings().transcribe) return;
  if (news.text) {
    out.push_back({writer_.words(news.item, *news.text, static_cast<double>(news.length.ms()) / 1000.0), {}});
  } else {
    out.push_back({writer_.words_failed(news.item, news.text.error()), {}});
  }
}

void RealtimeSession::news(conversation::ReplyBegan const& news, Out& out) {
  ResponseFace face{news.response,
                    news.item,
                    news.previous,
                    news.outside ? std::string() : conversation_id_,
                    news.speak,
                    news.metadata,
                    0,
                    config_.object()["audio"]["output"],
                    config_.object()["max_output_tokens"]};
  out.push_back({writer_.response_created(face), {}});
  Reply reply{std::move(face), {}, {}, false, {}};
  if (news.speak) reply.sound.emplace(config_.output_format());
  replies_.insert_or_assign(news.reply, std::move(reply));
}

/// The message of an answer begins with its first word or sound: one that only calls a function has none.
void RealtimeSession::announce_message(Reply& reply, Out& out) {
  if (std::exchange(reply.has_message, true)) return;
  reply.face.output_index = static_cast<int>(reply.outputs.size());
  reply.outputs.push_back(reply.face.item);
  Item const item = begun(reply.face);
  out.push_back({writer_.output_item("response.output_item.added", reply.face, item, reply.face.output_index), {}});
  if (!reply.face.conversation.empty()) announce(item, reply.face.previous, out);
  out.push_back({writer_.content_part("response.content_part.added", reply.face, {}), {}});
}

void RealtimeSession::news(conversation::ReplyText const& news, Out& out) {
  auto const reply = replies_.find(news.reply);
  if (reply == replies_.end() || news.delta.empty()) return;
  announce_message(reply->second, out);
  reply->second.text += news.delta;
  out.push_back({writer_.text_delta(reply->second.face, news.delta), {}});
}

void RealtimeSession::news(conversation::ReplyGrounds const& news, Out& out) {
  auto const reply = replies_.find(news.reply);
  if (reply == replies_.end() || !config_.client_asked_grounds()) return;
  out.push_back({writer_.grounds(reply->second.face, news.grounds), {}});
}

void RealtimeSession::news(conversation::ReplySound const& news, Out& out) {
  auto const reply = replies_.find(news.reply);
  if (reply == replies_.end() || !reply->second.sound || !news.samples || news.samples->empty()) return;
  announce_message(reply->second, out);
  send_sound(reply->second, news.reply, reply->second.sound->push(*news.samples), out);
}

void RealtimeSession::send_sound(Reply const& reply, core::ReplyId id, SoundWriter::Pieces const& pieces, Out& out) const {
  for (auto const& piece : pieces) out.push_back({writer_.audio_delta(reply.face, piece), id});
}

void RealtimeSession::news(conversation::ToolCallStarted const& news, Out& out) {
  auto const found = replies_.find(news.reply);
  if (found == replies_.end()) return;
  Reply& reply = found->second;
  int const index = static_cast<int>(reply.outputs.size());
  reply.outputs.push_back(news.item.id);
  out.push_back({writer_.output_item("response.output_item.added", reply.face, news.item, index), {}});
  // Behind a message that was never announced means behind what is before that.
  std::string const& previous = news.previous == reply.face.item && !reply.has_message ? reply.face.previous : news.previous;
  if (!reply.face.conversation.empty()) announce(news.item, previous, out);
}

void RealtimeSession::news(conversation::ToolCallDelta const& news, Out& out) {
  auto const found = replies_.find(news.reply);
  if (found == replies_.end() || news.delta.empty()) return;
  auto const& outputs = found->second.outputs;
  auto const index = static_cast<int>(std::ranges::find(outputs, news.item) - outputs.begin());
  out.push_back({writer_.arguments_delta(found->second.face, news.item, index, news.call_id, news.delta), {}});
}

/// That a call is complete is told when the answer has ended: a client carries it out at once and asks for the next answer,
/// which this one must not be in the way of.
void RealtimeSession::finish_calls(Reply const& reply, std::vector<Item> const& calls, Out& out) {
  for (auto const& call : calls) {
    auto const place = std::ranges::find(reply.outputs, call.id);
    if (place == reply.outputs.end()) continue;
    auto const index = static_cast<int>(place - reply.outputs.begin());
    // Some clients take this event alone for the order to call.
    if (call.status == ItemStatus::completed) out.push_back({writer_.arguments_done(reply.face, call, index), {}});
    out.push_back({writer_.output_item("response.output_item.done", reply.face, call, index), {}});
    if (!reply.face.conversation.empty()) finish_item(call, index == 0 ? reply.face.previous : *std::prev(place), out);
  }
}

void RealtimeSession::news(ReplyEnded const& news, Out& out) {
  auto const reply = replies_.find(news.reply);
  if (reply == replies_.end()) return;
  bool const with_message = reply->second.has_message || news.calls.empty();
  if (with_message) announce_message(reply->second, out);
  bool const filtered = news.why == ReplyEnded::Why::content_filter;
  if (reply->second.sound && (filtered || news.why == ReplyEnded::Why::completed)) {
    send_sound(reply->second, news.reply, reply->second.sound->finish(), out);
  }
  Reply const closed = std::move(reply->second);
  ResponseFace const& face = closed.face;
  std::string const text = news.text.empty() ? closed.text : news.text;
  replies_.erase(reply);
  bool const whole = news.why == ReplyEnded::Why::completed;
  bool const cut = news.why == ReplyEnded::Why::turn_detected || news.why == ReplyEnded::Why::client_cancelled;
  if (cut) silenced_ = news.reply;
  last_ended_ = news.reply;
  last_item_ = face.item;
  if (news.why == ReplyEnded::Why::client_cancelled) wishes_.fulfilled(Kind::cancel_response);

  ReplyEnded ended = news;
  ended.item.id = face.item;
  ended.item.speaker = Speaker::assistant;
  ended.item.spoken = face.speak;
  ended.item.status = whole ? ItemStatus::completed : ItemStatus::incomplete;
  if (with_message) {
    if (face.speak) out.push_back({writer_.audio_done(face), {}});
    out.push_back({writer_.text_done(face, text), {}});
    out.push_back({writer_.content_part("response.content_part.done", face, text), {}});
    out.push_back({writer_.output_item("response.output_item.done", face, ended.item, face.output_index), {}});
    if (!face.conversation.empty()) finish_item(ended.item, face.previous, out);
  }
  finish_calls(closed, ended.calls, out);
  out.push_back({writer_.response_done(face, ended, with_message), {}});
  out.push_back({writer_.rate_limits(), {}});
}

void RealtimeSession::news(conversation::Refused const& news, Out& out) {
  ProtocolError error{news.code, news.error.message, {}, wishes_.refused(news.code, news.error.subject)};
  // LiveKit takes a message that begins so for the harmless thing it is.
  if (news.code == "response_cancel_not_active") error.message = "Cancellation failed: no active response found.";
  if (core::http_status(news.error.code) >= 500) error.type = "server_error";
  out.push_back({writer_.error(error), {}});
  answer_waiting(news.error.subject, out);
}

void RealtimeSession::news(conversation::Cleared const&, Out& out) { out.push_back({writer_.cleared(), {}}); }

void RealtimeSession::news(conversation::IdleTimeout const& news, Out& out) {
  // Not every stock client knows the event: it goes to those who have asked for the timeout.
  if (config_.client_asked_idle()) out.push_back({writer_.timeout_triggered(news.item, news.from.ms(), news.to.ms()), {}});
}

void RealtimeSession::news(conversation::TurnMeasured const& news, Out& out) {
  // Our own event: it would end the session of a client that has not asked for it.
  if (config_.client_asked_timings()) out.push_back({writer_.turn_measured(news.turn), {}});
}

}  // namespace parley::server
