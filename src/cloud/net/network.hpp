#pragma once
// Input and output of everything that is far away: one event loop with its threads, and who is trusted. Made before the clients
// that use it and destroyed after them; destroying it ends all that is under way without another word to anybody.
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <filesystem>
#include <optional>
#include <thread>
#include <vector>

#include "core/result.hpp"

namespace parley::cloud::net {

class Network {
 public:
  /// `authorities`: a PEM file of certificates that are trusted besides the system's.
  [[nodiscard]] static core::Result<std::unique_ptr<Network>> start(int threads = 1,
                                                                    std::filesystem::path const& authorities = {});
  ~Network();

  [[nodiscard]] boost::asio::any_io_executor strand();  ///< a new one
  [[nodiscard]] boost::asio::ssl::context& tls() { return tls_; }

 private:
  explicit Network(int threads);
  boost::asio::ssl::context tls_;
  boost::asio::io_context io_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  std::vector<std::jthread> threads_;
};

/// "connection refused" and its kin as an Error with `where` in it.
[[nodiscard]] core::Error error_of(boost::system::error_code error, std::string const& where, char const* doing);

}  // namespace parley::cloud::net
