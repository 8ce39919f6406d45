#pragma once
// What the parts of the simulator share: the state of the server, one WebSocket of it, and who talks on that.
#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <string_view>

#include "cloud/volcengine/frame.hpp"
#include "cloud/volcengine/simulator/simulator.hpp"

namespace parley::cloud::volcengine {

struct SimulatorState {
  SimulatorOptions options;
  std::array<std::atomic<std::uint64_t>, 4> sessions{};
  std::atomic<std::uint64_t> connections = 0, faults = 0;

  Fault next(Product product) {
    auto const number = sessions.at(static_cast<std::size_t>(product))++;
    auto fault = options.fault ? options.fault(product, number) : Fault{};
    if (fault.kind != Fault::Kind::none) ++faults;
    return fault;
  }
};

/// One WebSocket, seen from the server. On its strand.
class Peer : public std::enable_shared_from_this<Peer> {
 public:
  virtual ~Peer() = default;
  virtual void send(std::string bytes) = 0;
  virtual void close() = 0;  ///< when everything is sent
  virtual void cut() = 0;    ///< now, without a word
  virtual void after(std::chrono::milliseconds time, std::function<void()> then) = 0;
  /// Hands `then` to the strand, from any thread; dropped when the peer is gone.
  [[nodiscard]] virtual std::function<void(std::function<void()>)> poster() = 0;

  void send(Frame const& frame) { send(encode(frame)); }
  /// Does what the fault says in place of `frame`; false when it does nothing here.
  bool spoil(Fault const& fault, Frame const& frame);
};

/// A protocol on one WebSocket.
class Session {
 public:
  virtual ~Session() = default;
  virtual void take(std::string_view bytes, bool text) = 0;
};

[[nodiscard]] std::shared_ptr<Session> recognition_session(std::shared_ptr<SimulatorState> state, Peer& peer, Fault fault,
                                                           std::string const& path);
[[nodiscard]] std::shared_ptr<Session> synthesis_session(std::shared_ptr<SimulatorState> state, Peer& peer,
                                                         std::string const& path);

[[nodiscard]] std::shared_ptr<Session> dialogue_session(std::shared_ptr<SimulatorState> state, Peer& peer);

/// `samples`: of 16 kHz, heard since the last words were told.
[[nodiscard]] inline bool interim_due(SimulatorOptions const& options, std::size_t samples) {
  auto const every = static_cast<std::size_t>(options.interim_every.count()) * 16;
  return every > 0 && samples >= every;
}

[[nodiscard]] Frame error_frame(std::uint32_t code, std::string const& message);

}  // namespace parley::cloud::volcengine
