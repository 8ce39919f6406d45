// Numbers that name a person, a card or a telephone, in whatever way their digits are grouped or said.
#include <algorithm>
#include <span>
#include <string>

#include "core/utf8.hpp"
#include "guard/check_digits.hpp"
#include "guard/numerals.hpp"
#include "guard/segment.hpp"

namespace parley::guard {
namespace {

using Kind = Numeral::Kind;
using Group = NumeralChain::Group;

constexpr std::size_t longest_number = 23;  // 0086 + 19, and more than any rule asks for

bool shaped(std::span<Group const> groups, std::initializer_list<std::size_t> sizes) {
  return std::ranges::equal(groups, sizes, {}, &Group::size);
}

bool any_shape(std::span<Group const> groups, std::initializer_list<std::initializer_list<std::size_t>> shapes) {
  return std::ranges::any_of(shapes, [&](auto const& sizes) { return shaped(groups, sizes); });
}

/// Said, or every digit by itself: grouping says nothing then.
bool loose(std::span<Group const> groups) {
  auto const said = [](Group const& g) { return g.kind != Kind::written; };
  auto const single = [](Group const& g) { return g.size == 1; };
  return std::ranges::any_of(groups, said) || std::ranges::all_of(groups, single);
}

bool in_fours(std::span<Group const> groups) {
  return std::ranges::all_of(groups.first(groups.size() - 1), [](Group const& g) { return g.size == 4; }) &&
         groups.back().size <= 4;
}

/// Geographic numbers without their leading zero: 10 and 2x with eight digits, 3xx to 9xx with seven or eight.
bool is_landline(std::string_view digits) {
  auto const subscriber = [&](std::size_t area, std::size_t shortest) {
    auto const rest = digits.size() - area;
    return digits.size() > area && rest >= shortest && rest <= 8 && digits[area] != '0';
  };
  if (digits.starts_with("10") || (digits.starts_with('2') && digits.size() > 1 && digits[1] != '6')) return subscriber(2, 8);
  return digits.size() > 3 && digits[0] >= '3' && digits[0] <= '9' && subscriber(3, 7);
}

class NumberFinder {
 public:
  NumberFinder(Segment const& segment, Findings& out) : segment_(segment), text_(segment.text), out_(out) {}

  void find(NumeralChain const& chain) {
    for (std::size_t first = 0; first < chain.groups.size(); ++first) {
      if (first == 0 || chain.groups[first].separator != 0 || chain.groups[first].kind != chain.groups[first - 1].kind) {
        find_from(chain, first);
      }
    }
    if (chain.open && !segment_.final) out_.hold(open_from(chain));
  }

 private:
  void find_from(NumeralChain const& chain, std::size_t first) {
    if (!begins_here(chain, first)) return;
    auto const& groups = chain.groups;
    digits_.clear();
    for (std::size_t last = first; last < groups.size(); ++last) {
      for (std::size_t i = 0; i < groups[last].size; ++i) {
        auto const value = chain.numerals[groups[last].first + i].value;
        digits_ += value == 10 ? 'X' : static_cast<char>('0' + value);
      }
      auto const count = last - first + 1;
      if (digits_.size() <= longest_number && ends_here(chain, last)) {
        judge(chain, std::span(groups).subspan(first, count), first, last);
      }
      // 一三八零零一三八零零零一定: the last numeral belongs to the next word.
      if (digits_.size() <= longest_number + 1 && groups[last].kind == Kind::han && groups[last].size > 1 &&
          last + 1 == groups.size() && core::is_han(text_.at(chain.group_end(last)))) {
        auto shorter = std::vector<Group>(groups.begin() + static_cast<std::ptrdiff_t>(first), groups.end());
        --shorter.back().size;
        digits_.pop_back();
        judge(chain, shorter, first, last, 1);
      }
      if (digits_.size() > longest_number) return;
    }
  }

  [[nodiscard]] bool begins_here(NumeralChain const& chain, std::size_t group) const {
    auto const begin = chain.group_begin(group);
    auto const before = text_.before(begin);
    if (chain.groups[group].kind == Kind::written && is_alnum(before)) return false;
    return before != U'.' || begin < 2 || !is_digit(text_.text[begin - 2]);  // the decimals of a number
  }

  [[nodiscard]] bool ends_here(NumeralChain const& chain, std::size_t group) const {
    auto const end = chain.group_end(group);
    if (chain.groups[group].kind == Kind::written && is_alnum(text_.at(end))) return false;
    return text_.at(end) != U'.' || !is_digit(text_.at(end + 1));
  }

  /// `dropped`: numerals at the end that do not belong to the number.
  void judge(NumeralChain const& chain, std::span<Group const> groups, std::size_t first, std::size_t last,
             std::size_t dropped = 0) {
    auto const begin = chain.group_begin(first);
    auto const end = chain.groups[last].first + chain.groups[last].size - dropped;
    Hit const hit{begin, chain.numerals[end - 1].end, groups, text_.before(begin) == U'+' ? begin - 1 : begin};
    if (is_resident_id(digits_, segment_.today)) out_.add(Rule::cn_id18, hit.begin, hit.end, 1.0F);
    if (digits_.find('X') != std::string::npos) return;
    bool const one_piece = groups.size() == 1;
    if (one_piece && is_old_resident_id(digits_) && mentioned_before(text_, begin, 16, {U"身份证", U"证件", U"id"})) {
      out_.add(Rule::cn_id15, hit.begin, hit.end, 0.9F);
    }
    if (is_card(groups, begin)) out_.add(Rule::bank_card, hit.begin, hit.end, 0.9F);
    if (is_mobile(hit)) out_.add(Rule::cn_mobile, hit.with_plus, hit.end, 0.85F);
    if (is_fixed_line(hit)) out_.add(Rule::cn_landline, hit.with_plus, hit.end, 0.8F);
    if (is_phone(hit)) out_.add(Rule::phone, hit.with_plus, hit.end, 0.75F);
    if (digits_.size() == 9 && shaped(groups, {3, 2, 4}) && is_social_security()) out_.add(Rule::us_ssn, begin, hit.end, 0.8F);
  }

  struct Hit {
    std::size_t begin, end;
    std::span<Group const> groups;
    std::size_t with_plus;
  };

  [[nodiscard]] bool is_card(std::span<Group const> groups, std::size_t begin) const {
    auto const told = [&] {
      return mentioned_before(text_, begin, 24, {U"卡号", U"银行卡", U"信用卡", U"储蓄卡", U"借记卡", U"card"});
    };
    bool const grouped = groups.size() == 1 || in_fours(groups) || loose(groups) || shaped(groups, {4, 6, 5}) ||
                         (groups.size() == 2 && groups[0].size == 6);
    if (is_bank_card(digits_)) return grouped || told();
    return grouped && digits_.size() >= 15 && digits_.size() <= 19 && digits_[0] != '0' && passes_luhn(digits_) && told();
  }

  /// The digits behind a country code 86, if there is one, and the groups that are left.
  [[nodiscard]] std::pair<std::string_view, std::span<Group const>> at_home(Hit const& hit) {
    std::string_view digits = digits_;
    auto groups = hit.groups;
    auto const code = digits.starts_with("0086") ? 4U : digits.starts_with("86") ? 2U : 0U;
    if (code == 0 || digits.size() <= code + 9) return {digits, groups};
    rest_.assign(groups.begin(), groups.end());
    for (std::size_t left = code; left > 0 && !rest_.empty();) {
      auto const taken = std::min(left, rest_.front().size);
      rest_.front().size -= taken;
      left -= taken;
      if (rest_.front().size == 0) rest_.erase(rest_.begin());
    }
    return {digits.substr(code), rest_};
  }

  [[nodiscard]] bool is_mobile(Hit const& hit) {
    auto const [digits, groups] = at_home(hit);
    if (digits.size() != 11 || digits[0] != '1' || digits[1] < '3') return false;
    return any_shape(groups, {{11}, {3, 4, 4}, {3, 8}, {7, 4}, {3, 3, 5}, {4, 4, 3}, {4, 3, 4}, {5, 6}, {3, 2, 2, 2, 2}}) ||
           loose(groups);
  }

  [[nodiscard]] bool is_fixed_line(Hit const& hit) {
    auto const told = [&] {
      return mentioned_before(
          text_, hit.begin, 16,
          {U"电话", U"座机", U"致电", U"拨打", U"热线", U"号码", U"传真", U"tel", U"phone", U"call", U"fax"});
    };
    auto const [digits, groups] = at_home(hit);
    bool const abroad = digits.size() < digits_.size();
    if (digits.size() == 10 && (digits.starts_with("400") || digits.starts_with("800"))) {
      return any_shape(groups, {{3, 3, 4}, {3, 4, 3}, {3, 7}}) || ((groups.size() == 1 || loose(groups)) && told());
    }
    if (digits.starts_with('0') ? !is_landline(digits.substr(1)) : !abroad || !is_landline(digits)) return false;
    if (abroad && hit.with_plus < hit.begin) return true;
    if (loose(groups)) return groups[0].kind != Kind::written || told();
    auto const area = groups[0].size;
    bool const parted = groups.size() > 1 && (area == 3 || area == 4) && groups[1].separator != U'.' &&
                        groups[1].separator != U'/' && any_shape(groups.subspan(1), {{7}, {8}, {4, 4}, {3, 4}, {4, 3}});
    return parted || told();
  }

  [[nodiscard]] bool is_phone(Hit const& hit) const {
    auto const count = digits_.size();
    if (hit.with_plus < hit.begin) return count >= 8 && count <= 15 && digits_[0] != '0' && !digits_.starts_with("86");
    auto const told = [&] {
      return mentioned_before(text_, hit.begin, 24,
                              {U"phone", U"call", U"mobile", U"cell", U"tel", U"number is", U"reach me", U"电话"});
    };
    auto const groups = hit.groups;
    bool const said = std::ranges::all_of(groups, [](Group const& g) { return g.kind == Kind::english; });
    if (said) return count == 10 || (count == 11 && digits_[0] == '1') || (count >= 7 && count <= 15 && told());
    if (loose(groups)) return false;
    auto const national = count == 11 && digits_[0] == '1' && groups[0].size == 1 ? 1U : 0U;
    if (count != 10 + national || !shaped(groups.subspan(national), {3, 3, 4})) return false;
    if (digits_[national] < '2' || digits_[national + 3] < '2') return false;
    auto const separator = groups[national + 1].separator;
    return separator == U'-' || separator == U')' || separator == U'.' || told();
  }

  [[nodiscard]] bool is_social_security() const {
    auto const area = digits_.substr(0, 3);
    return area != "000" && area != "666" && area[0] != '9' && digits_.substr(3, 2) != "00" && digits_.substr(5) != "0000";
  }

  /// From where a number could still grow: the first group with few enough digits behind it, and the + before it.
  [[nodiscard]] std::size_t open_from(NumeralChain const& chain) const {
    std::size_t group = chain.groups.size() - 1;
    std::size_t count = chain.groups[group].size;
    while (group > 0 && count + chain.groups[group - 1].size <= longest_number) count += chain.groups[--group].size;
    auto const begin = chain.group_begin(group);
    return text_.before(begin) == U'+' ? begin - 1 : begin;
  }

  Segment const& segment_;
  NormalText const& text_;
  Findings& out_;
  std::string digits_;
  std::vector<Group> rest_;
};

}  // namespace

void find_numbers(Segment const& segment, Findings& out) {
  NumberFinder finder(segment, out);
  for (auto const& chain : numeral_chains(segment.text, segment.final)) finder.find(chain);
}

}  // namespace parley::guard
