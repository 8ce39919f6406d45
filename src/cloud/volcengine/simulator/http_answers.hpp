#pragma once
// What the simulator answers to plain HTTP: Ark's chat completions and embeddings, Volcengine's synthesis in a streamed body,
// and speech and transcriptions as OpenAI's clients ask for them.
#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "cloud/volcengine/simulator/session.hpp"

namespace parley::cloud::volcengine {

using Request = boost::beast::http::request<boost::beast::http::string_body>;
using Response = boost::beast::http::response<boost::beast::http::string_body>;

[[nodiscard]] Response answer(Request const& request, int status, std::string body);

/// Why the speech services refuse it; 0: they do not.
[[nodiscard]] std::uint32_t refusal(SimulatorState const& state, Request const& request, Fault const& fault);
[[nodiscard]] int status_of(std::uint32_t code);
[[nodiscard]] std::string refusal_body(std::uint32_t code);

/// Answers one request; whether the connection is good for another.
[[nodiscard]] boost::asio::awaitable<bool> answer_request(std::shared_ptr<SimulatorState> state,
                                                          boost::beast::tcp_stream& stream, Request const& request);

}  // namespace parley::cloud::volcengine
