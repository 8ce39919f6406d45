#include "cloud/resilience/apologetic_model.hpp"

#include <algorithm>
#include <ranges>

#include "core/utf8.hpp"

namespace parley::cloud {
namespace {

using core::Code;
using language::Speaker;

bool asked_in_chinese(std::vector<language::Message> const& messages) {
  auto const last = std::ranges::find(messages | std::views::reverse, Speaker::user, &language::Message::speaker);
  return last != messages.rend() && core::guess_language(last->text) == "zh";
}

char const* apology(bool chinese, bool begun, Code code) {
  if (code == Code::invalid) return chinese ? "抱歉，这个问题我不能回答。" : "I am sorry, I cannot answer that.";
  if (begun)
    return chinese ? "……抱歉，我这边断了一下，请您再问一次。" : " … I am sorry, I lost the thread. Please ask me again.";
  return chinese ? "抱歉，我这边出了点问题，请您稍后再说一遍。"
                 : "I am sorry, something went wrong here. Please say that again in a moment.";
}

}  // namespace

core::Job ApologeticModel::generate(language::GenerateRequest request, Sink sink) {
  bool const chinese = asked_in_chinese(request.messages);
  return inner_->generate(std::move(request),
                          [sink = std::move(sink), chinese, begun = false, called = false](language::Piece piece) mutable {
                            auto const* error = std::get_if<core::Error>(&piece);
                            if (error == nullptr || error->code == Code::cancelled || called) {
                              begun = begun || std::holds_alternative<language::Delta>(piece);
                              called = called || std::holds_alternative<language::ToolCallBegan>(piece);
                              return sink(std::move(piece));
                            }
                            sink(language::Delta{apology(chinese, begun, error->code)});
                            sink(language::Finish{});
                          });
}

}  // namespace parley::cloud
