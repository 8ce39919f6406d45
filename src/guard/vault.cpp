#include "guard/vault.hpp"

#include <utility>

#include "core/utf8.hpp"

namespace parley::guard {
namespace {

constexpr std::string_view wide_open = "［", wide_close = "］";

/// Without brackets and blanks, small letters.
std::string essence(std::string_view text) {
  std::string out;
  for (char32_t c : core::decode_utf8(text)) {
    if (core::is_space(c) || c == U'[' || c == U']' || c == U'［' || c == U'］' || c == U'_') continue;
    if (c >= U'Ａ' - 0 && c <= U'Ｚ') c -= 0xFEE0;
    if (c >= U'０' && c <= U'９') c -= 0xFEE0;
    if (c >= U'A' && c <= U'Z') c += 32;
    core::append_utf8(out, c);
  }
  return out;
}

std::size_t first_bracket(std::string_view text, std::size_t from) {
  return std::min(text.find('[', from), text.find(wide_open, from));
}

}  // namespace

std::string Vault::placeholder(Rule rule, std::string const& key, std::string_view value, bool chinese) {
  auto const [at, fresh] = placeholders_.try_emplace({rule, key});
  if (fresh) {
    std::string const label(chinese ? facts(rule).zh : facts(rule).en);
    auto const number = ++counts_[label];
    at->second = "[" + label + (chinese ? "" : " ") + std::to_string(number) + "]";
    values_[essence(at->second)] = std::string(value);
    longest_ = std::max(longest_, at->second.size() + 16);
  }
  return at->second;
}

std::string const* Vault::value(std::string_view placeholder) const {
  auto const at = values_.find(essence(placeholder));
  return at == values_.end() ? nullptr : &at->second;
}

std::string Restorer::push(std::string_view bytes) {
  if (vault_->empty()) return std::string(bytes);
  held_ += bytes;
  std::string out;
  std::size_t done = 0;
  for (;;) {
    auto const open = first_bracket(held_, done);
    if (open == std::string::npos) {
      // The first bytes of ［ may be all that has come of it.
      auto const whole = core::complete_utf8_prefix(held_);
      out.append(held_, done, whole - done);
      held_.erase(0, whole);
      return out;
    }
    out.append(held_, done, open - done);
    done = open;
    auto const narrow = held_.find(']', open);
    auto const wide = held_.find(wide_close, open);
    auto const close = std::min(narrow, wide);
    if (close == std::string::npos) {
      if (held_.size() - open <= vault_->longest()) break;
      out += held_[done++];
      continue;
    }
    auto const end = close + (close == narrow ? 1 : wide_close.size());
    auto const inner = first_bracket(std::string_view(held_).substr(0, end), open + 1);
    auto const* value = inner == std::string::npos ? vault_->value(std::string_view(held_).substr(open, end - open)) : nullptr;
    if (value != nullptr) {
      for (char const c : *value) {
        if (into_ == Into::json && (c == '"' || c == '\\')) out += '\\';
        out += c;
      }
      done = end;
    } else {
      out += held_[done++];
    }
  }
  held_.erase(0, done);
  return out;
}

std::string Restorer::finish() { return std::exchange(held_, {}); }

}  // namespace parley::guard
