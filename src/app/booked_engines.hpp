#pragma once
// Engines whose every request carries the ledger of one call.
#include <memory>

#include "conversation/call.hpp"
#include "core/ledger.hpp"

namespace parley::app {

[[nodiscard]] conversation::Engines booked(conversation::Engines engines, std::shared_ptr<core::Ledger> ledger);

}  // namespace parley::app
