#pragma once
// The Realtime protocol as it was before its general availability ("OpenAI-Beta: realtime=v1"), for devices that are not
// updated any more: every message is put into today's shape on its way in and into the old one on its way out. Values: no I/O.
// Source of the differences: the beta types of the official openai package.
#include <optional>
#include <string>
#include <string_view>

namespace parley::server::beta {

/// A client's message in today's shape. What is not JSON or means the same in both comes back as it is: the session refuses it.
[[nodiscard]] std::string to_ga(std::string_view message);

/// A server's event in the old shape; nullopt: the old protocol has no such event.
[[nodiscard]] std::optional<std::string> from_ga(std::string_view event);

/// Does the handshake ask for it: by the header OpenAI-Beta or the sub-protocol openai-beta.realtime-v1?
[[nodiscard]] bool asked_for(std::string_view header, std::string_view protocols);

}  // namespace parley::server::beta
