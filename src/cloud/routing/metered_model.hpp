#pragma once
// A model with a meter: how many requests it is at, and what it has cost today.
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "language/model.hpp"

namespace parley::cloud {

struct ModelLimits {
  int at_once = 0;        ///< requests; with so many it is full; 0: any
  double daily_cost = 0;  ///< in the currency of its price; 0: any
};
struct TokenPrice {
  double prompt = 0, cached = 0, completion = 0;  ///< of 1,000 tokens
};

/// Thread-safe. What it has seen is forgotten when the program ends.
class Meter {
 public:
  using Day = std::function<std::int64_t()>;  ///< days since 1970, UTC

  Meter(ModelLimits limits, TokenPrice price, Day day);

  [[nodiscard]] bool full() const;   ///< at as many requests as it may be
  [[nodiscard]] bool spent() const;  ///< has cost as much today as it may
  [[nodiscard]] int running() const;
  [[nodiscard]] double cost_today() const;
  [[nodiscard]] double cost_of(language::Usage const& usage) const;

  /// One request, from its beginning until nobody can tell anything of it any more. Of an answer that was given up the vendor
  /// says no usage, and bills it all the same: it is reckoned at a token a piece, its prompt at a token for two characters.
  class Request {
   public:
    Request(std::shared_ptr<Meter> meter, std::size_t characters);
    Request(Request const&) = delete;
    Request& operator=(Request const&) = delete;
    ~Request();
    void saw(language::Piece const& piece);

   private:
    std::shared_ptr<Meter> meter_;
    language::Usage reckoned_;
    bool began_ = false, paid_ = false;
  };

 private:
  void pay(double cost);

  ModelLimits const limits_;
  TokenPrice const price_;
  Day const day_;
  mutable std::mutex mutex_;
  int running_ = 0;
  std::int64_t paid_on_ = 0;
  double paid_ = 0;
};

class MeteredModel final : public language::Model {
 public:
  MeteredModel(std::shared_ptr<language::Model> inner, std::shared_ptr<Meter> meter);
  [[nodiscard]] std::string name() const override { return inner_->name(); }
  [[nodiscard]] core::Job generate(language::GenerateRequest request, Sink sink) override;
  [[nodiscard]] core::Job prepare(std::vector<language::Message> messages, core::Urgency urgency) override;
  [[nodiscard]] core::Job read_ahead(language::GenerateRequest request) override;

 private:
  std::shared_ptr<language::Model> inner_;
  std::shared_ptr<Meter> meter_;
};

}  // namespace parley::cloud
