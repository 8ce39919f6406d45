#pragma once
// The words that spoken_english.cpp knows.
#include <algorithm>
#include <array>
#include <string_view>

namespace parley::speech::english {

struct Word {
  std::u32string_view written;
  std::string_view spoken;
};

struct Countable {
  std::u32string_view written;
  std::string_view one, many;
};

struct Currency {
  std::u32string_view written;
  std::string_view one, many, small_one, small_many;
};

template <class Table>
auto const* find_prefix(Table const& table, std::u32string_view text) {
  auto const found = std::ranges::find_if(table, [&](auto const& entry) { return text.starts_with(entry.written); });
  return found == table.end() ? nullptr : &*found;
}

// Longer signs stand before the signs they begin with.
inline constexpr std::array<Currency, 7> currencies{{{U"US$", "dollar", "dollars", "cent", "cents"},
                                                     {U"HK$", "Hong Kong dollar", "Hong Kong dollars", "cent", "cents"},
                                                     {U"$", "dollar", "dollars", "cent", "cents"},
                                                     {U"€", "euro", "euros", "cent", "cents"},
                                                     {U"£", "pound", "pounds", "penny", "pence"},
                                                     {U"¥", "yuan", "yuan", "fen", "fen"},
                                                     {U"￥", "yuan", "yuan", "fen", "fen"}}};

inline constexpr std::array<Countable, 36> units{{{U"km/h", "kilometer per hour", "kilometers per hour"},
                                                  {U"m/s", "meter per second", "meters per second"},
                                                  {U"km²", "square kilometer", "square kilometers"},
                                                  {U"m²", "square meter", "square meters"},
                                                  {U"km", "kilometer", "kilometers"},
                                                  {U"cm", "centimeter", "centimeters"},
                                                  {U"mm", "millimeter", "millimeters"},
                                                  {U"mph", "mile per hour", "miles per hour"},
                                                  {U"kg", "kilogram", "kilograms"},
                                                  {U"mg", "milligram", "milligrams"},
                                                  {U"lbs", "pound", "pounds"},
                                                  {U"lb", "pound", "pounds"},
                                                  {U"oz", "ounce", "ounces"},
                                                  {U"mi", "mile", "miles"},
                                                  {U"ft", "foot", "feet"},
                                                  {U"ml", "milliliter", "milliliters"},
                                                  {U"mL", "milliliter", "milliliters"},
                                                  {U"kWh", "kilowatt hour", "kilowatt hours"},
                                                  {U"kW", "kilowatt", "kilowatts"},
                                                  {U"GHz", "gigahertz", "gigahertz"},
                                                  {U"MHz", "megahertz", "megahertz"},
                                                  {U"kHz", "kilohertz", "kilohertz"},
                                                  {U"Hz", "hertz", "hertz"},
                                                  {U"KB", "kilobyte", "kilobytes"},
                                                  {U"MB", "megabyte", "megabytes"},
                                                  {U"GB", "gigabyte", "gigabytes"},
                                                  {U"TB", "terabyte", "terabytes"},
                                                  {U"ms", "millisecond", "milliseconds"},
                                                  {U"hrs", "hour", "hours"},
                                                  {U"hr", "hour", "hours"},
                                                  {U"min", "minute", "minutes"},
                                                  {U"°C", "degree Celsius", "degrees Celsius"},
                                                  {U"℃", "degree Celsius", "degrees Celsius"},
                                                  {U"°F", "degree Fahrenheit", "degrees Fahrenheit"},
                                                  {U"℉", "degree Fahrenheit", "degrees Fahrenheit"},
                                                  {U"°", "degree", "degrees"}}};
// One letter is a unit only when it touches the number: "5m", not "5 m".
inline constexpr std::array<Countable, 4> short_units{
    {{U"m", "meter", "meters"}, {U"g", "gram", "grams"}, {U"L", "liter", "liters"}, {U"W", "watt", "watts"}}};

inline constexpr std::array<Word, 4> magnitudes{{{U"K", "thousand"}, {U"M", "million"}, {U"B", "billion"}, {U"T", "trillion"}}};

inline constexpr std::array<Word, 24> abbreviations{
    {{U"Dr.", "Doctor"},     {U"Mr.", "Mister"}, {U"Mrs.", "Missus"},     {U"Ms.", "Miz"},          {U"Prof.", "Professor"},
     {U"St.", "Saint"},      {U"Jr.", "Junior"}, {U"Sr.", "Senior"},      {U"e.g.", "for example"}, {U"i.e.", "that is"},
     {U"etc.", "et cetera"}, {U"vs.", "versus"}, {U"vs", "versus"},       {U"approx.", "about"},    {U"a.m.", "AM"},
     {U"p.m.", "PM"},        {U"U.S.A.", "USA"}, {U"U.S.", "US"},         {U"U.K.", "UK"},          {U"Ph.D.", "PhD"},
     {U"w/o", "without"},    {U"w/", "with "},   {U"C++", "C plus plus"}, {U"C#", "C sharp"}}};

inline constexpr std::array<std::string_view, 12> month_names{
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"};

inline constexpr std::array<std::u32string_view, 13> year_follows{
    U"in", U"since", U"of", U"by", U"until", U"year", U"before", U"after", U"around", U"from", U"during", U"back", U"circa"};

}  // namespace parley::speech::english
