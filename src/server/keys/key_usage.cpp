#include "server/keys/key_usage.hpp"

#include <chrono>

namespace parley::server {
namespace {

using std::chrono::floor;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year_month;
using std::chrono::year_month_day;

year_month month_at(double now) {
  year_month_day const day(floor<std::chrono::days>(sys_seconds(seconds(static_cast<std::int64_t>(now)))));
  return day.year() / day.month();
}

}  // namespace

int month_of(double now) {
  auto const month = month_at(now);
  return static_cast<int>(month.year()) * 12 + static_cast<int>(static_cast<unsigned>(month.month()));
}

double seconds_to_next_month(double now) {
  sys_seconds const next = sys_days((month_at(now) + std::chrono::months(1)) / 1);
  return static_cast<double>(next.time_since_epoch().count()) - now;
}

void KeyUsage::enter(double now) {
  int const current = month_of(now);
  if (current == month) return;
  month = current;
  requests = input_tokens = output_tokens = call_bytes = 0;
  cost = call_seconds = 0;
}

}  // namespace parley::server
