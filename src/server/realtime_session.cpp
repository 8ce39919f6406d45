#include "server/realtime_session.hpp"

#include "audio/pcm16.hpp"
#include "core/ids.hpp"

namespace parley::server {
namespace {

using conversation::Item;
using conversation::ItemStatus;
using language::Speaker;
using Kind = PendingWishes::Kind;

SessionConfig::Identity complete(SessionConfig::Identity identity, EventWriter::NewId const& new_id) {
  if (identity.id.empty()) identity.id = new_id("sess_");
  return identity;
}

EventWriter::NewId or_random(EventWriter::NewId new_id) {
  return new_id ? std::move(new_id) : [](std::string_view prefix) { return core::random_id(prefix); };
}

}  // namespace

RealtimeSession::RealtimeSession(Opening opening)
    : new_id_(or_random(std::move(opening.new_id))),
      writer_(new_id_),
      config_(complete(std::move(opening.identity), new_id_), std::move(opening.role), std::move(opening.voices)),
      conversation_id_(new_id_("conv_")) {}

std::optional<conversation::Event> RealtimeSession::preset(Json const& update) {
  if (!update.is_object() || !config_.merge(update)) return std::nullopt;
  ear_ = SoundReader(config_.input_format());
  return conversation::SettingsChanged{config_.settings()};
}

Outgoing RealtimeSession::greet() const { return {writer_.session("session.created", config_.shown()), {}}; }

RealtimeSession::Intake RealtimeSession::take(std::string_view message) {
  Intake intake;
  auto const decoded = decode_client_message(message);
  if (!decoded) {
    intake.out.push_back({writer_.error(decoded.error()), {}});
    return intake;
  }
  std::visit([&](auto const& body) { on(body, decoded->event_id, intake); }, decoded->body);
  return intake;
}

void RealtimeSession::refuse(Intake& intake, std::string code, std::string message, std::string param,
                             std::string const& event_id) const {
  intake.out.push_back({writer_.error({std::move(code), std::move(message), std::move(param), event_id}), {}});
}

bool RealtimeSession::knows(std::string const& item) const {
  return items_.contains(item) || wishes_.has(Kind::create_item, item);
}

void RealtimeSession::on(SessionUpdate const& message, std::string const& event_id, Intake& intake) {
  if (auto merged = config_.merge(message.session); !merged) {
    merged.error().event_id = event_id;
    intake.out.push_back({writer_.error(merged.error()), {}});
    return;
  }
  intake.out.push_back({writer_.session("session.updated", config_.shown()), {}});
  if (config_.input_format() != ear_.format()) {
    intake.sound = ear_.finish();
    ear_ = SoundReader(config_.input_format());
  }
  intake.events.emplace_back(conversation::SettingsChanged{config_.settings()});
}

void RealtimeSession::on(AudioAppend const& message, std::string const& event_id, Intake& intake) {
  auto sound = ear_.push(message.bytes);
  if (!sound) return refuse(intake, "invalid_value", "Invalid 'audio': this is no Opus packet.", "audio", event_id);
  intake.sound = *std::move(sound);
}

void RealtimeSession::on(AudioCommit const&, std::string const& event_id, Intake& intake) {
  intake.sound = ear_.finish();
  wishes_.add(Kind::commit, {}, event_id);
  intake.events.emplace_back(conversation::CommitAsked{});
}

void RealtimeSession::on(AudioClear const&, std::string const&, Intake& intake) {
  ear_.forget_half_sample();
  intake.sound = ear_.finish();  // the stream's positions stay true; the conversation forgets what it held
  intake.events.emplace_back(conversation::ClearAsked{});
}

void RealtimeSession::on(ItemCreate const& message, std::string const& event_id, Intake& intake) {
  conversation::ItemAdded added{message.item, message.after};
  if (added.item.id.empty()) added.item.id = new_id_("item_");
  if (knows(added.item.id)) {
    return refuse(intake, "item_create_duplicate_id", "An item with the id '" + added.item.id + "' already exists.", "item.id",
                  event_id);
  }
  if (added.after && *added.after != "root" && !knows(*added.after)) {
    return refuse(intake, "item_create_invalid_previous_item_id",
                  "The item '" + *added.after + "' to insert after does not exist.", "previous_item_id", event_id);
  }
  wishes_.add(Kind::create_item, added.item.id, event_id);
  intake.events.emplace_back(std::move(added));
}

void RealtimeSession::on(ItemRetrieve const& message, std::string const& event_id, Intake& intake) {
  if (auto const found = items_.find(message.item); found != items_.end()) {
    intake.out.push_back({writer_.item_retrieved(found->second.item), {}});
  } else if (wishes_.has(Kind::create_item, message.item) && waiting_.size() < 64) {
    waiting_.push_back({message.item, event_id});  // it is on its way into the conversation
  } else {
    refuse(intake, "item_retrieve_invalid_item_id", "The item '" + message.item + "' does not exist.", "item_id", event_id);
  }
}

void RealtimeSession::on(ItemTruncate const& message, std::string const& event_id, Intake& intake) {
  auto const found = items_.find(message.item);
  if (found == items_.end()) {
    return refuse(intake, "item_truncate_invalid_item_id", "The item '" + message.item + "' does not exist.", "item_id",
                  event_id);
  }
  if (found->second.item.speaker != Speaker::assistant || !found->second.item.spoken) {
    return refuse(intake, "invalid_value", "Only spoken answers can be truncated; '" + message.item + "' is none.", "item_id",
                  event_id);
  }
  wishes_.add(Kind::truncate_item, message.item, event_id);
  intake.events.emplace_back(conversation::ItemTruncated{message.item, message.content_index, message.audio_end_ms});
}

void RealtimeSession::on(ItemDelete const& message, std::string const& event_id, Intake& intake) {
  if (!knows(message.item)) {
    return refuse(intake, "item_delete_invalid_item_id", "The item '" + message.item + "' does not exist.", "item_id",
                  event_id);
  }
  wishes_.add(Kind::delete_item, message.item, event_id);
  intake.events.emplace_back(conversation::ItemDeleted{message.item});
}

std::expected<conversation::ReplyOverrides, ProtocolError> RealtimeSession::overrides_of(ResponseCreate const& create) const {
  conversation::ReplyOverrides overrides;
  overrides.instructions = create.instructions;
  overrides.speak = create.speak;
  overrides.max_tokens = create.max_tokens;
  overrides.outside = create.outside;
  overrides.metadata = create.metadata;
  overrides.say = create.say;
  overrides.tools = create.tools;
  overrides.tool_choice = create.tool_choice;
  if (create.voice) {
    auto voices = choose_voice(config_.role(), config_.voices(), *create.voice, "response.audio.output.voice");
    if (!voices) return std::unexpected(voices.error());
    overrides.voices = *std::move(voices);
  }
  if (!create.input) return overrides;
  overrides.input.emplace();
  for (std::size_t i = 0; i < create.input->size(); ++i) {
    auto const& entry = (*create.input)[i];
    if (entry.item) {
      overrides.input->push_back(*entry.item);
    } else if (auto const found = items_.find(entry.reference); found != items_.end()) {
      overrides.input->push_back(found->second.item);
    } else {
      return std::unexpected(ProtocolError{"invalid_value",
                                           "The item '" + entry.reference + "' does not exist.",
                                           "response.input[" + std::to_string(i) + "].id",
                                           {}});
    }
  }
  return overrides;
}

void RealtimeSession::on(ResponseCreate const& message, std::string const& event_id, Intake& intake) {
  if (config_.only_transcribes()) {
    return refuse(intake, "invalid_session_type", "A transcription session gives no answers; open one of type 'realtime'.", {},
                  event_id);
  }
  auto overrides = overrides_of(message);
  if (!overrides) {
    overrides.error().event_id = event_id;
    intake.out.push_back({writer_.error(overrides.error()), {}});
    return;
  }
  wishes_.add(Kind::create_response, {}, event_id);
  intake.events.emplace_back(conversation::ReplyAsked{*std::move(overrides)});
}

void RealtimeSession::on(ResponseCancel const& message, std::string const& event_id, Intake& intake) {
  wishes_.add(Kind::cancel_response, {}, event_id);
  intake.events.emplace_back(conversation::ReplyCancelled{message.response});
}

}  // namespace parley::server
