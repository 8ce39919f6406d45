#include "cloud/openai/embedder.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <stop_token>

#include "cloud/openai/refusal.hpp"

namespace parley::cloud::openai {
namespace {

using core::Code;
using language::Vector;
using nlohmann::json;

constexpr std::size_t most_texts = 10;  // in one request: what the narrowest of the services takes
constexpr std::size_t most_answer_bytes = std::size_t{16} << 20U;

std::optional<Vector> vector_of(json const& item, std::size_t dimensions) {
  if (!item.is_object() || !item.contains("embedding")) return std::nullopt;
  auto const& numbers = item["embedding"];
  if (!numbers.is_array() || numbers.size() != dimensions) return std::nullopt;
  Vector out;
  double squares = 0;
  for (auto const& number : numbers) {
    if (!number.is_number()) return std::nullopt;
    out.push_back(number.get<float>());
    squares += static_cast<double>(out.back()) * out.back();
  }
  if (!(squares > 0) || !std::isfinite(squares)) return std::nullopt;
  for (auto& value : out) value /= static_cast<float>(std::sqrt(squares));
  return out;
}

core::Error odd(std::string what) { return {Code::unavailable, std::move(what), "data", {}}; }

}  // namespace

core::Result<std::vector<Vector>> read_embeddings(std::string_view body, std::size_t texts, std::size_t dimensions) {
  auto const answer = json::parse(body, nullptr, false);
  auto const data = answer.is_object() ? answer.find("data") : answer.end();
  if (data == answer.end() || (!data->is_array() && !data->is_object())) {
    return std::unexpected(odd("the service sends something that holds no embeddings"));
  }
  std::vector<Vector> out(texts);
  std::size_t position = 0;
  auto const take = [&](json const& item) {
    auto const index = item.is_object() ? item.value("index", json()) : json();
    auto const at = index.is_number_unsigned() ? index.get<std::size_t>() : position;
    ++position;
    auto vector = vector_of(item, dimensions);
    if (!vector || at >= texts) return false;
    out[at] = *std::move(vector);
    return true;
  };
  bool const well = data->is_object() ? take(*data) : std::ranges::all_of(*data, take);
  if (!well || std::ranges::any_of(out, &Vector::empty)) {
    return std::unexpected(odd("the embeddings are not " + std::to_string(texts) + " of " + std::to_string(dimensions) +
                               " numbers: compare `dimensions` with the model"));
  }
  return out;
}

struct Embedder::Service {
  Service(net::Network& network, Options wanted)
      : options(std::move(wanted)), http(network), one_by_one(options.address.path.ends_with("/embeddings/multimodal")) {}
  Options const options;
  net::HttpClient http;
  bool const one_by_one;

  [[nodiscard]] net::HttpRequest request(std::span<std::string const> texts) const {
    json body{{"model", options.model}, {"encoding_format", "float"}};
    auto& input = body["input"] = json::array();
    for (auto const& text : texts) {
      if (one_by_one) {
        input.push_back({{"type", "text"}, {"text", text}});
      } else {
        input.push_back(text);
      }
    }
    net::HttpRequest http_request;
    http_request.address = one_by_one ? options.address : options.address / "/embeddings";
    http_request.headers = {{"Content-Type", "application/json"}};
    if (!options.key.empty()) http_request.headers.emplace_back("Authorization", "Bearer " + options.key.reveal());
    http_request.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
    http_request.patience = options.patience;
    return http_request;
  }
};

namespace {

/// Some texts, a few a request, one request after the other.
template <class Service>
struct Embedding : std::enable_shared_from_this<Embedding<Service>> {
  std::shared_ptr<Service> service;
  std::vector<std::string> texts;
  language::Embedder::Sink sink;
  std::vector<Vector> done;
  net::HttpHead head;
  std::string body;
  std::mutex mutex;
  bool stopped = false;
  core::Job job;
  std::optional<std::stop_callback<std::function<void()>>> on_stop;  // last: its end waits for a stop under way

  void stop() {
    std::lock_guard const lock(mutex);
    stopped = true;
    job.cancel();
  }
  [[nodiscard]] std::size_t count() const {
    return std::min(texts.size() - done.size(), service->one_by_one ? std::size_t{1} : most_texts);
  }
  void ask() {
    head = {};
    body.clear();
    auto const self = this->shared_from_this();
    std::lock_guard const lock(mutex);
    if (stopped) return;
    job = service->http.send(
        service->request(std::span(texts).subspan(done.size(), count())),
        {[self](net::HttpHead const& h) { self->head = h; },
         [self](std::string_view bytes) {
           self->body.append(bytes.substr(0, most_answer_bytes - std::min(self->body.size(), most_answer_bytes)));
         },
         [self](core::Result<void> const& result) { self->end(result); }});
  }
  void end(core::Result<void> const& result) {
    if (!result) return fail(result.error());
    if (head.status != 200) return fail(refusal(head.status, body, head.retry_after));
    auto vectors = read_embeddings(body, count(), static_cast<std::size_t>(service->options.dimensions));
    if (!vectors) return fail(vectors.error());
    std::ranges::move(*vectors, std::back_inserter(done));
    if (done.size() < texts.size()) return ask();
    on_stop.reset();
    sink(std::move(done));
  }
  void fail(core::Error error) {
    if (error.code == Code::cancelled) return;
    on_stop.reset();
    sink(std::unexpected(reported(std::move(error), {.service = service->options.service, .log_id = head.log_id}, nullptr)));
  }
};

}  // namespace

Embedder::Embedder(net::Network& network, Options options) : service_(std::make_shared<Service>(network, std::move(options))) {}
Embedder::~Embedder() = default;

std::string Embedder::identity() const { return service_->options.model + "/" + std::to_string(service_->options.dimensions); }
std::size_t Embedder::dimensions() const { return static_cast<std::size_t>(service_->options.dimensions); }

core::Job Embedder::embed(std::vector<std::string> texts, language::Purpose, core::Urgency, Sink sink) {
  if (texts.empty()) {
    sink(std::vector<Vector>());
    return {};
  }
  std::stop_source source;
  auto const embedding = std::make_shared<Embedding<Service>>();
  embedding->service = service_;
  embedding->texts = std::move(texts);
  embedding->sink = std::move(sink);
  embedding->on_stop.emplace(source.get_token(), [weak = std::weak_ptr(embedding)] {
    if (auto const alive = weak.lock()) alive->stop();
  });
  embedding->ask();
  return core::Job(std::move(source));
}

}  // namespace parley::cloud::openai
