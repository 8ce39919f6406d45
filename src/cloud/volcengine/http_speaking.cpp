#include "cloud/volcengine/http_speaking.hpp"

#include <openssl/evp.h>

#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>

namespace parley::cloud::volcengine {
namespace {

using core::Code;

constexpr std::size_t most_under_way = 512;
constexpr std::size_t most_refusal_bytes = 65536;

/// Empty when it is none.
std::string from_base64(std::string_view text) {
  std::string out((text.size() / 4 + 1) * 3, '\0');
  std::unique_ptr<EVP_ENCODE_CTX, decltype(&EVP_ENCODE_CTX_free)> const context(EVP_ENCODE_CTX_new(), EVP_ENCODE_CTX_free);
  EVP_DecodeInit(context.get());
  auto* const to = reinterpret_cast<unsigned char*>(out.data());
  int size = 0, rest = 0;
  if (EVP_DecodeUpdate(context.get(), to, &size, reinterpret_cast<unsigned char const*>(text.data()),
                       static_cast<int>(text.size())) < 0 ||
      EVP_DecodeFinal(context.get(), to + size, &rest) < 0) {
    return {};
  }
  out.resize(static_cast<std::size_t>(size) + static_cast<std::size_t>(rest));
  return out;
}

}  // namespace

core::Result<std::vector<std::string>> ObjectReader::push(std::string_view bytes) {
  std::vector<std::string> out;
  for (char const c : bytes) {
    if (depth_ == 0 && c != '{') continue;
    object_.push_back(c);
    if (object_.size() > most_bytes) {
      return core::fail(Code::too_large, "the service sends an object that does not end", "body");
    }
    if (in_text_) {
      in_text_ = escaped_ || c != '"';
      escaped_ = !escaped_ && c == '\\';
      continue;
    }
    in_text_ = c == '"';
    if (c == '{') ++depth_;
    if (c == '}' && --depth_ == 0) out.push_back(std::exchange(object_, {}));
  }
  return out;
}

Heard understand_object(std::string_view object) {
  Heard heard;
  auto const whole = nlohmann::json::parse(object, nullptr, false);
  if (!whole.is_object()) {
    heard.over = Said{0, "no JSON"};
    heard.refused = heard.over;
    return heard;
  }
  if (auto const data = whole.find("data"); data != whole.end() && data->is_string()) {
    heard.sound = from_base64(data->get_ref<std::string const&>());
  }
  auto said = read_said(object);
  if (said.code != 0) heard.over = std::move(said);
  return heard;
}

/// One POST of one clause.
struct HttpSpeaking::Exchange {
  ClauseAt clause;
  net::HttpHead head{};
  ObjectReader objects{};
  std::string refusal{};
  std::optional<Said> over{};
  bool garbled = false;
};

void HttpSpeaking::begin(ClauseAt const& clause) {
  if (closed_ || clause->stopped) return;
  if (under_way_.size() >= most_under_way) {
    return clause->sink(std::unexpected(core::Error{Code::busy, "too many clauses wait for the synthesiser's service",
                                                    options.service, std::chrono::seconds(1)}));
  }
  clause->until = core::Clock::now() + options.first_sound_within;
  ask(clause);
}

void HttpSpeaking::ask(ClauseAt const& clause) {
  ++sessions;
  ++clause->attempts;
  net::HttpRequest request;
  request.address = options.address;
  request.headers = headers_for(clause->resource);
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = whole_request_body(clause->request, clause->text);
  request.patience = {options.open_within, options.first_sound_within, options.between};
  auto const exchange = std::make_shared<Exchange>(clause);
  // The connection lives on a strand of its own: what it says is carried to ours, in order.
  auto const here = [weak = weak_from_this(), exchange, strand = strand_](auto then) {
    boost::asio::post(strand, [weak, exchange, then = std::move(then)] {
      auto const self = std::static_pointer_cast<HttpSpeaking>(weak.lock());
      if (self && !self->closed_) then(*self, *exchange);
    });
  };
  under_way_[clause] = http_.send(
      std::move(request),
      {[here](net::HttpHead const& head) {
         here([head](HttpSpeaking& self, Exchange& e) {
           e.head = head;
           if (head.status == 200) self.book(*e.clause, head.log_id);
         });
       },
       [here](std::string_view bytes) {
         here([bytes = std::string(bytes)](HttpSpeaking& self, Exchange& e) { self.take(e, bytes); });
       },
       [here](core::Result<void> const& result) { here([result](HttpSpeaking& self, Exchange& e) { self.end(e, result); }); }});
}

void HttpSpeaking::take(Exchange& exchange, std::string_view bytes) {
  if (exchange.clause->stopped || exchange.over || exchange.garbled) return;
  if (exchange.head.status != 200) {
    exchange.refusal.append(bytes.substr(0, most_refusal_bytes - std::min(exchange.refusal.size(), most_refusal_bytes)));
    return;
  }
  auto const objects = exchange.objects.push(bytes);
  exchange.garbled = !objects;
  if (!objects) return;
  for (auto const& object : *objects) {
    auto heard = understand_object(object);
    if (heard.refused) {
      exchange.garbled = true;
      return;
    }
    if (!heard.sound.empty()) sound(*exchange.clause, heard.sound);
    if (!heard.over) continue;
    exchange.over = std::move(heard.over);
    return;
  }
}

/// After the last byte, when the connection is free for the next clause.
void HttpSpeaking::end(Exchange& exchange, core::Result<void> const& result) {
  auto const clause = exchange.clause;
  under_way_.erase(clause);
  opened = http_.counts().opened;
  if (clause->stopped) return;
  auto const& log_id = exchange.head.log_id;
  if (exchange.head.status != 0 && exchange.head.status != 200) {
    auto const said = read_said(exchange.refusal);
    return failed(clause, refused(exchange.head.status, said), said.code, log_id);
  }
  if (exchange.over) return over(clause, *exchange.over, log_id);
  if (exchange.garbled) return failed(clause, {Reaction::reopen, Code::unavailable, "the service sends no JSON"}, 0, log_id);
  if (result) {
    return failed(clause, {Reaction::reopen, Code::unavailable, "the service broke the clause off"}, 0, log_id);
  }
  failed(clause, {Reaction::reopen, result.error().code, result.error().message.c_str()}, 0, log_id);
}

void HttpSpeaking::stop(ClauseAt const& clause) {
  if (std::exchange(clause->stopped, true)) return;
  clause->on_stop.reset();
  if (under_way_.erase(clause) != 0) ++cancelled;
}

void HttpSpeaking::warm(std::string const&) {}  // a connection that asks for nothing would soon be closed there

void HttpSpeaking::close() {
  closed_ = true;
  under_way_.clear();
}

}  // namespace parley::cloud::volcengine
