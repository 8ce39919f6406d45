#include "knowledge/splitter.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <span>

#include "core/utf8.hpp"
#include "knowledge/graphemes.hpp"
#include "knowledge/utf8_bytes.hpp"

namespace parley::knowledge {
namespace {

using core::Result;

struct Piece {
  std::size_t begin = 0;  // bytes
  std::size_t end = 0;
  std::size_t length = 0;  // in the rules' measure
  std::size_t point = 0;   // code points before it in the whole text
};

/// One text on its way through the rules. Bytes inside, code points only where a chunk leaves.
class Cutting {
 public:
  Cutting(SplitRules const& rules, std::span<Separator const> separators, std::string_view source)
      : rules_(rules), separators_(separators), source_(source) {}

  Result<std::vector<Chunk>> chunks() {
    if (auto done = cut({0, source_.size()}, 0, separators_); !done) return std::unexpected(done.error());
    return std::move(chunks_);
  }

 private:
  std::string_view text(Span span) const { return source_.substr(span.begin, span.end - span.begin); }

  /// Cuts at the first separator that occurs; what is still too long is cut at those behind it.
  Result<void> cut(Span span, std::size_t point, std::span<Separator const> separators) {
    Separator const* picked = &separators.back();
    std::span<Separator const> rest;
    for (std::size_t i = 0; i < separators.size(); ++i) {
      if (separators[i].anywhere()) {
        picked = &separators[i];
        break;
      }
      auto const found = separators[i].find(text(span), 0);
      if (!found) return std::unexpected(found.error());
      if (*found) {
        picked = &separators[i];
        rest = separators.subspan(i + 1);
        break;
      }
    }
    if (rules_.measure == Measure::code_points) {
      auto const byte = picked->single_byte();
      if (byte && rules_.keep != Keep::none) return pack_at_byte(*byte, span, point, rest);
      if (picked->anywhere() && !rules_.whole_graphemes && rules_.size > 1) {
        slide(span, point);
        return {};
      }
    }
    Packer packer(*this, rules_.keep == Keep::none ? std::string_view(picked->text()) : "");
    auto const take = [&](Piece const& piece) -> Result<void> {
      if (piece.length < rules_.size) [[likely]] {
        packer.add(piece);
        return {};
      }
      packer.flush();
      return too_long({piece.begin, piece.end}, piece.point, rest);
    };
    auto done = picked->anywhere() ? cut_anywhere(span, point, take) : cut_at(*picked, span, point, take);
    packer.flush();
    return done;
  }

  /// A piece that no chunk can hold.
  Result<void> too_long(Span span, std::size_t point, std::span<Separator const> rest) {
    if (!rest.empty()) return cut(span, point, rest);
    emit(span, point);  // as it is: not stripped
    return {};
  }

  /// Makes pieces in the order of the text.
  struct Cutter {
    Cutting const& of;
    std::size_t counted_to;  // bytes
    std::size_t point;       // code points up to there

    /// Not for begin == end: empty pieces are thrown away.
    Piece piece(std::size_t begin, std::size_t end) {
      point += count_points(of.text({counted_to, begin}));
      auto const points = count_points(of.text({begin, end}));
      bool const same = of.rules_.measure == Measure::code_points;
      Piece const made{begin, end, same ? points : length_of(of.text({begin, end}), of.rules_), point};
      point += points;
      counted_to = end;
      return made;
    }
  };

  template <class Take>  // Result<void>(Piece const&)
  Result<void> cut_at(Separator const& separator, Span span, std::size_t point, Take const& take) const {
    Cutter cutter{*this, span.begin, point};
    auto const in = text(span);
    std::size_t begin = 0;  // of the piece; in the span, as all in this loop
    std::size_t from = 0;
    bool advance = false;
    for (;;) {
      auto const match = separator.find(in, from, advance);
      if (!match) return std::unexpected(match.error());
      auto const [match_begin, match_end] = match->value_or(Span{in.size(), in.size()});
      auto const end = rules_.keep == Keep::end ? match_end : match_begin;
      if (end > begin) {
        if (auto done = take(cutter.piece(span.begin + begin, span.begin + end)); !done) return done;
      }
      if (!*match) return {};
      begin = rules_.keep == Keep::start ? match_begin : match_end;
      from = match_end;
      advance = match_begin == match_end;  // as in Python's re.split, two empty matches in a row are one
    }
  }

  /// Where a text may be cut at a separator of one byte, which stays with one of its pieces.
  struct Borders {
    std::string_view in;  // up to the end of what is cut
    char separator;
    std::size_t width;  // of the separator in the piece before it: 0 or 1

    /// The last one behind `begin` and not behind `limit`; `begin` when there is none.
    std::size_t last(std::size_t begin, std::size_t limit) const {
      if (limit == in.size()) return limit;
      auto const* const from = in.data() + begin;
      auto const* const found = static_cast<char const*>(memrchr(from, separator, limit - begin + 1 - width));
      return found == nullptr ? begin : begin + static_cast<std::size_t>(found - from) + width;  // `begin` itself is none
    }
    /// The first one behind `at`.
    std::size_t next(std::size_t at) const {
      auto const found = in.find(separator, at + 1 - width);
      return found == std::string_view::npos ? in.size() : found + width;
    }
  };

  /// What packing the pieces of `cut_at` comes to where sizes are code points: no piece is made, each chunk ends at the last
  /// border within its size. Running text is mostly cut so, at its blanks and line ends.
  Result<void> pack_at_byte(char separator, Span span, std::size_t point, std::span<Separator const> rest) {
    Borders const borders{source_.substr(0, span.end), separator, rules_.keep == Keep::end ? 1U : 0U};
    auto const points = [&](std::size_t from, std::size_t to) { return count_points(text({from, to})); };
    std::size_t begin = span.begin;
    while (begin < span.end) {
      std::size_t const limit = skip_points(borders.in, begin, rules_.size);
      std::size_t const within =
          limit < span.end ? rules_.size : points(begin, limit);  // counted once: the rest are differences
      std::size_t const end = borders.last(begin, limit);
      bool const exact = end == limit && within == rules_.size && borders.next(begin) == limit;
      if (end == begin || exact) {  // a piece must be shorter than a chunk
        auto const behind = borders.next(begin);
        if (auto done = too_long({begin, behind}, point, rest); !done) return done;
        point += points(begin, behind);
        begin = behind;
        continue;
      }
      std::size_t const taken = within - points(end, limit);
      emit_stripped({begin, end}, point, taken);
      if (end == span.end) break;
      // The next chunk begins with the last pieces of this one, if the piece that did not fit has room behind them.
      auto const length = points(end, borders.next(end));
      auto const shared = length < rules_.size ? std::min(rules_.overlap, rules_.size - length) : 0;
      begin = borders.next(back_points(borders.in, end, shared) - 1);
      point += taken - points(begin, end);
    }
    return {};
  }

  template <class Take>
  Result<void> cut_anywhere(Span span, std::size_t point, Take const& take) {
    Cutter cutter{*this, span.begin, point};
    std::size_t begin = span.begin;
    auto const take_until = [&](std::size_t end) {
      auto done = take(cutter.piece(begin, end));
      begin = end;
      return done;
    };
    if (rules_.whole_graphemes) {
      for (auto const end : grapheme_ends(text(span))) {
        if (auto done = take_until(span.begin + end); !done) return done;
      }
      return {};
    }
    while (begin < span.end) {
      if (auto done = take_until(begin + point_size(source_[begin])); !done) return done;
    }
    return {};
  }

  /// What packing single code points comes to.
  void slide(Span span, std::size_t point) {
    std::size_t const step = rules_.size - std::min(rules_.overlap, rules_.size - 1);
    auto const in = source_.substr(0, span.end);
    for (std::size_t begin = span.begin; begin < span.end; point += step) {
      std::size_t const next = skip_points(in, begin, step);
      std::size_t const end = skip_points(in, next, rules_.size - step);
      emit_stripped({begin, end}, point, count_points(text({begin, end})));
      if (end == span.end) break;
      begin = next;
    }
  }

  /// Slides a window over short pieces: full windows are chunks, and the last pieces of one, up to the overlap, begin the next.
  class Packer {
   public:
    Packer(Cutting& of, std::string_view joiner)
        : of_(of), joiner_(joiner), between_(joiner.empty() ? 0 : length_of(joiner, of.rules_)) {}

    void add(Piece const& piece) {
      auto const needed = [&] { return total_ + piece.length + (first_ < window_.size() ? between_ : 0); };
      if (first_ < window_.size() && needed() > of_.rules_.size) {
        of_.emit(std::span(window_).subspan(first_), joiner_);
        while (total_ > of_.rules_.overlap || (needed() > of_.rules_.size && total_ > 0)) {
          total_ -= window_[first_].length + (window_.size() - first_ > 1 ? between_ : 0);
          ++first_;
        }
        window_.erase(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
      }
      total_ = needed();
      window_.push_back(piece);
    }

    void flush() {
      if (first_ < window_.size()) of_.emit(std::span(window_).subspan(first_), joiner_);
      window_.clear();
      first_ = 0;
      total_ = 0;
    }

   private:
    Cutting& of_;
    std::string_view joiner_;
    std::size_t between_;
    std::vector<Piece> window_;
    std::size_t first_ = 0;  // while pieces are taken off the front
    std::size_t total_ = 0;  // the length of the window with its joiners
  };

  struct Stripped {
    std::size_t front = 0, back = 0;  // code points taken off
  };
  /// Moves both ends inwards over what Python's str.strip takes off.
  static Stripped strip(std::string_view in, Span& span) {
    Stripped off;
    while (span.begin < span.end && is_strippable(point_at(in, span.begin))) {
      span.begin += point_size(in[span.begin]);
      ++off.front;
    }
    while (span.end > span.begin) {
      std::size_t last = span.end - 1;
      while (continues(in[last])) --last;
      if (!is_strippable(point_at(in, last))) break;
      span.end = last;
      ++off.back;
    }
    return off;
  }

  void emit(std::span<Piece const> pieces, std::string_view joiner) {
    if (rules_.keep == Keep::none && pieces.size() > 1) return emit_joined(pieces, joiner);
    Span const span{pieces.front().begin, pieces.back().end};
    emit_stripped(span, pieces.front().point, count_points(text(span)));
  }

  /// `points`: of the span.
  void emit_stripped(Span span, std::size_t point, std::size_t points) {
    auto const off = rules_.strip ? strip(source_, span) : Stripped{};
    if (span.begin == span.end) return;
    auto const begin = point + off.front;
    chunks_.push_back({std::string(text(span)), begin, begin + points - off.front - off.back});
  }

  /// Where separators were dropped: they come back between the pieces of a chunk, as LangChain writes them.
  void emit_joined(std::span<Piece const> pieces, std::string_view joiner) {
    std::string joined;
    std::vector<std::size_t> origin;  // the source's code point, of every code point of `joined`
    auto const joiner_points = count_points(joiner);
    for (auto const& piece : pieces) {
      if (!joined.empty()) {
        joined += joiner;
        origin.insert(origin.end(), joiner_points, piece.point);
      }
      auto const part = text({piece.begin, piece.end});
      joined += part;
      for (std::size_t i = 0; i < count_points(part); ++i) origin.push_back(piece.point + i);
    }
    Span span{0, joined.size()};
    auto const skipped = rules_.strip ? strip(joined, span).front : 0;
    if (span.begin == span.end) return;
    auto const kept = std::string_view(joined).substr(span.begin, span.end - span.begin);
    auto const last = skipped + count_points(kept) - 1;
    chunks_.push_back({std::string(kept), origin[skipped], origin[last] + 1});
  }

  void emit(Span span, std::size_t point) {
    auto const chunk = text(span);
    chunks_.push_back({std::string(chunk), point, point + count_points(chunk)});
  }

  SplitRules const& rules_;
  std::span<Separator const> separators_;
  std::string_view source_;
  std::vector<Chunk> chunks_;
};

}  // namespace

Result<Splitter> Splitter::make(SplitRules rules) {
  using core::Code;
  if (rules.size == 0) return core::fail(Code::invalid, "the chunk size must be above 0", "chunk_size");
  if (rules.overlap > rules.size) {
    return core::fail(Code::invalid,
                      fmt::format("the overlap of {} must not be above the chunk size of {}", rules.overlap, rules.size),
                      "chunk_overlap");
  }
  if (rules.measure == Measure::tokens && !rules.count_tokens) {
    return core::fail(Code::invalid, "a size in tokens needs a tokenizer", "length_function");
  }
  if (rules.separators.empty()) rules.separators = SplitRules{}.separators;
  std::vector<Separator> separators;
  for (auto const& text : rules.separators) {
    auto separator = Separator::compile(text, rules.regex);
    if (!separator) return std::unexpected(separator.error());
    separators.push_back(std::move(*separator));
  }
  return Splitter(std::move(rules), std::move(separators));
}

Result<std::vector<Chunk>> Splitter::split(std::string_view text) const {
  if (simdjson::validate_utf8(text.data(), text.size())) return Cutting(rules_, separators_, text).chunks();
  auto const mended = core::encode_utf8(core::decode_utf8(text));
  return Cutting(rules_, separators_, mended).chunks();
}

}  // namespace parley::knowledge
