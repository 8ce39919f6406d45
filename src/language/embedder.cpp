#include "language/embedder.hpp"

#include <future>
#include <memory>

namespace parley::language {

core::Result<std::vector<Vector>> embed_now(Embedder& embedder, std::vector<std::string> texts, Purpose purpose,
                                            core::Urgency urgency) {
  if (texts.empty()) return std::vector<Vector>{};
  auto told = std::make_shared<std::promise<core::Result<std::vector<Vector>>>>();
  auto const job = embedder.embed(std::move(texts), purpose, urgency,
                                  [told](core::Result<std::vector<Vector>> vectors) { told->set_value(std::move(vectors)); });
  auto future = told->get_future();
  told.reset();
  try {
    return future.get();
  } catch (std::future_error const&) {  // the embedder ended and dropped the work
    return core::fail(core::Code::cancelled, "the program is ending");
  }
}

}  // namespace parley::language
