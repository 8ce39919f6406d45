#include "models/hub.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cstdio>
#include <memory>

namespace parley::models {
namespace {

using core::Code;
using core::fail;

struct Free {
  void operator()(CURL* curl) const noexcept { curl_easy_cleanup(curl); }
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using Easy = std::unique_ptr<CURL, Free>;
using File = std::unique_ptr<std::FILE, Free>;

struct Transfer {
  CURL* curl = nullptr;
  std::FILE* file = nullptr;
  Pin const* pin = nullptr;
  std::uint64_t from = 0;      // bytes that were there before
  std::uint64_t received = 0;  // bytes of this transfer
  std::string refused;         // why we hung up
  std::function<void(std::uint64_t)> const* progress = nullptr;
  std::stop_token stop;
};

std::string host_of(std::string const& url) {
  std::unique_ptr<CURLU, Free> const parts(curl_url());
  char* host = nullptr;
  if (curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return {};
  if (curl_url_get(parts.get(), CURLUPART_HOST, &host, 0) != CURLUE_OK || !host) return {};
  std::string result(host);
  curl_free(host);
  return result;
}

std::size_t on_header(char const* bytes, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  std::string line(bytes, size * count);
  std::ranges::transform(line, line.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  // Hugging Face names the SHA-256 of a large file on its redirect, before a byte of it is sent.
  static constexpr std::string_view announced = "x-linked-etag:";
  if (line.starts_with(announced)) {
    std::string digits;
    std::ranges::copy_if(line.substr(announced.size()), std::back_inserter(digits),
                         [](unsigned char c) { return std::isxdigit(c) != 0; });
    if (digits.size() == 64 && digits != transfer.pin->sha256) {
      transfer.refused = "the publisher has another version of the file by now (sha256 " + digits.substr(0, 12) + "…)";
      return 0;
    }
  }
  return size * count;
}

std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (transfer.received == 0) {
    curl_off_t length = -1;
    curl_easy_getinfo(transfer.curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    auto const expected = transfer.pin->size - transfer.from;
    if (length >= 0 && static_cast<std::uint64_t>(length) != expected) {
      transfer.refused = "the file there has " + std::to_string(length) + " bytes, not " + std::to_string(expected);
      return 0;
    }
  }
  auto const written = std::fwrite(bytes, size, count, transfer.file);
  transfer.received += written * size;
  if (transfer.from + transfer.received > transfer.pin->size) {
    transfer.refused = "the file there is longer than it should be";
    return 0;
  }
  return written * size;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto const& transfer = *static_cast<Transfer*>(user);
  if (*transfer.progress) (*transfer.progress)(transfer.from + transfer.received);
  return transfer.stop.stop_requested() ? 1 : 0;
}

void set_up(CURL* curl, std::string const& url, Transfer& transfer, std::chrono::milliseconds connect_timeout) {
  // NOLINTBEGIN(cppcoreguidelines-pro-type-vararg): libcurl's interface
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http,file");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, url.starts_with("https") ? "https" : "https,http");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 8L);
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "parley");
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 30L);
  if (transfer.from > 0) curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(transfer.from));
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  // NOLINTEND(cppcoreguidelines-pro-type-vararg)
}

}  // namespace

core::Result<void> Hub::fetch(std::string const& url, Pin const& pin, std::filesystem::path const& path,
                              std::function<void(std::uint64_t)> const& progress, std::stop_token stop) {
  static int const once = [] { return static_cast<int>(curl_global_init(CURL_GLOBAL_DEFAULT)); }();
  if (once != 0) return fail(Code::internal, "libcurl cannot start");
  auto const host = host_of(url);
  if (silent_.contains(host)) return fail(Code::unavailable, host + " could not be reached before", url);

  std::error_code none;
  auto have = std::filesystem::file_size(path, none);
  if (none || have > pin.size) have = 0;
  if (have == pin.size) return {};
  for (bool resumed = have > 0;; resumed = false, have = 0) {
    File const file(std::fopen(path.c_str(), resumed ? "ab" : "wb"));
    if (!file) return fail(Code::unavailable, "the file cannot be written", path.string());
    Easy const curl(curl_easy_init());
    Transfer transfer{curl.get(), file.get(), &pin, have, 0, {}, &progress, stop};
    set_up(curl.get(), url, transfer, connect_timeout_);
    auto const outcome = curl_easy_perform(curl.get());
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    if (std::fflush(file.get()) != 0)
      return fail(Code::unavailable, "the file cannot be written; is the disk full?", path.string());
    if (outcome == CURLE_OK) {
      if (transfer.from + transfer.received == pin.size) return {};
      return fail(Code::unavailable, "the transfer ended early", url);
    }
    if (stop.stop_requested()) return fail(Code::cancelled, "stopped", url);
    if (!transfer.refused.empty()) return fail(Code::unavailable, transfer.refused, url);
    // A server that cannot go on from the middle is asked for the whole once.
    if (resumed && (outcome == CURLE_RANGE_ERROR || outcome == CURLE_BAD_DOWNLOAD_RESUME || status == 416)) continue;
    if (status == 0 && transfer.received == 0 && !host.empty()) silent_.insert(host);
    auto const why = outcome == CURLE_HTTP_RETURNED_ERROR ? "it answered " + std::to_string(status)
                                                          : std::string(curl_easy_strerror(outcome));
    return fail(Code::unavailable, (host.empty() ? "the file" : host) + " did not give it: " + why, url);
  }
}

}  // namespace parley::models
