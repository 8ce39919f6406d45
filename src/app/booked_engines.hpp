#pragma once
// Engines whose every request says for whom it is: it carries the ledger of one call and the id of the caller's key.
#include <memory>
#include <string>

#include "conversation/call.hpp"
#include "core/ledger.hpp"

namespace parley::app {

struct Caller {
  std::shared_ptr<core::Ledger> ledger = {};  ///< null: nothing is written down
  std::string client = {};                    ///< the id of a key, never the key; empty: none
};
[[nodiscard]] conversation::Engines booked(conversation::Engines engines, Caller const& caller);

}  // namespace parley::app
