#pragma once
// Which of the client's events a late refusal answers. The conversation decides on its own strand and knows no event ids.
#include <deque>
#include <string>
#include <string_view>

namespace parley::server {

class PendingWishes {
 public:
  enum class Kind { commit, create_item, truncate_item, delete_item, create_response, cancel_response };

  /// `key`: the item it is about, if any. Only the last 64 are kept.
  void add(Kind kind, std::string key, std::string event_id);

  /// It came true: forgotten.
  void fulfilled(Kind kind, std::string_view key = {});

  /// It was refused with this code of the protocol; `key` may be empty. Returns its event_id, empty when nobody is known to
  /// have asked.
  [[nodiscard]] std::string refused(std::string_view code, std::string_view key);

  [[nodiscard]] bool has(Kind kind, std::string_view key) const;

 private:
  struct Wish {
    Kind kind;
    std::string key, event_id;
  };
  std::deque<Wish> wishes_;
};

}  // namespace parley::server
