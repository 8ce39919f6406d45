#include "models/hub.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

#include "core/test_folder.hpp"

namespace parley::models {
namespace {

using testing::HasSubstr;

/// A server on the loopback that answers each connection with what `answer` makes of the request's head.
class Server {
 public:
  explicit Server(std::function<std::string(std::string const&)> answer) : answer_(std::move(answer)) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 8), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { serve(); });
  }
  ~Server() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  Server(Server const&) = delete;
  Server& operator=(Server const&) = delete;

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/model.bin"; }
  [[nodiscard]] int requests() const { return requests_; }

 private:
  void serve() {
    for (int client = accept(listener_, nullptr, nullptr); client >= 0; client = accept(listener_, nullptr, nullptr)) {
      std::string head;
      std::array<char, 4096> block{};
      while (head.find("\r\n\r\n") == std::string::npos) {
        auto const count = recv(client, block.data(), block.size(), 0);
        if (count <= 0) break;
        head.append(block.data(), static_cast<std::size_t>(count));
      }
      ++requests_;
      auto const reply = answer_(head);
      for (std::size_t sent = 0; sent < reply.size();) {
        auto const count = send(client, reply.data() + sent, reply.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) break;
        sent += static_cast<std::size_t>(count);
      }
      shutdown(client, SHUT_WR);
      while (recv(client, block.data(), block.size(), 0) > 0) {
      }
      close(client);
    }
  }

  std::function<std::string(std::string const&)> answer_;
  std::atomic<int> requests_ = 0;
  int listener_ = -1;
  unsigned port_ = 0;
  std::jthread thread_;
};

std::string reply(std::string const& status, std::string const& body, std::string const& headers = "") {
  return "HTTP/1.1 " + status + "\r\nConnection: close\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

class HubTest : public testing::Test {
 protected:
  core::TestFolder folder_;
  std::string const bytes_ = core::noise(300000);
  Pin const pin_{"model.bin", bytes_.size(), std::string(64, 'a')};
  std::filesystem::path const to_ = folder_ / "model.bin.part";
  Hub hub_{std::chrono::milliseconds(500)};

  core::Result<void> fetch(std::string const& url) { return hub_.fetch(url, pin_, to_, {}, {}); }

  [[nodiscard]] std::string ranged(std::string const& head) const {
    auto const at = head.find("Range: bytes=");
    if (at == std::string::npos) return reply("200 OK", bytes_);
    auto const from = std::stoul(head.substr(at + 13));
    auto const last = std::to_string(bytes_.size() - 1);
    return reply("206 Partial Content", bytes_.substr(from),
                 "Content-Range: bytes " + std::to_string(from) + "-" + last + "/" + std::to_string(bytes_.size()) + "\r\n");
  }
};

TEST_F(HubTest, FetchesTheWhole) {
  Server const server([&](std::string const& head) { return ranged(head); });
  ASSERT_TRUE(fetch(server.url()));
  EXPECT_EQ(core::read_file(to_), bytes_);
}

TEST_F(HubTest, GoesOnFromWhatIsThere) {
  std::string asked;
  Server const server([&](std::string const& head) {
    asked = head;
    return ranged(head);
  });
  core::write_file(to_, bytes_.substr(0, 123456));
  ASSERT_TRUE(fetch(server.url()));
  EXPECT_THAT(asked, HasSubstr("Range: bytes=123456-"));
  EXPECT_EQ(core::read_file(to_), bytes_);
}

TEST_F(HubTest, AsksForTheWholeWhenTheServerCannotGoOn) {
  Server const server([&](std::string const&) { return reply("200 OK", bytes_); });
  core::write_file(to_, bytes_.substr(0, 1000));
  auto const done = fetch(server.url());
  ASSERT_TRUE(done) << core::describe(done.error());
  EXPECT_EQ(core::read_file(to_), bytes_);
}

TEST_F(HubTest, AsksNothingWhenEverythingIsThere) {
  Server const server([&](std::string const& head) { return ranged(head); });
  core::write_file(to_, bytes_);
  ASSERT_TRUE(fetch(server.url()));
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(HubTest, ACutTransferKeepsWhatCame) {
  Server const server([&](std::string const& head) { return ranged(head).substr(0, 100000); });
  ASSERT_FALSE(fetch(server.url()));
  auto const kept = core::read_file(to_);
  EXPECT_GT(kept.size(), 90000U);
  EXPECT_EQ(kept, bytes_.substr(0, kept.size()));
}

TEST_F(HubTest, AFileOfAnotherLengthIsRefusedBeforeItComes) {
  Server const server([&](std::string const&) { return reply("200 OK", "Not the model, but a page that says so."); });
  auto const done = fetch(server.url());
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("has 39 bytes, not 300000"));
  EXPECT_EQ(core::read_file(to_), "");
}

TEST_F(HubTest, AnotherHashThatIsAnnouncedIsRefused) {
  Server const server(
      [&](std::string const&) { return reply("200 OK", bytes_, "X-Linked-ETag: \"" + std::string(64, 'b') + "\"\r\n"); });
  auto const done = fetch(server.url());
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("another version of the file"));
}

TEST_F(HubTest, RedirectsAreFollowed) {
  Server const server([&](std::string const& head) {
    if (head.find("GET /model.bin") == 0) return reply("302 Found", "", "Location: /elsewhere\r\n");
    return ranged(head);
  });
  ASSERT_TRUE(fetch(server.url()));
  EXPECT_EQ(server.requests(), 2);
}

TEST_F(HubTest, ARedirectMayNotReadFilesOfThisMachine) {
  core::write_file(folder_ / "secret", bytes_);
  Server const server(
      [&](std::string const&) { return reply("302 Found", "", "Location: file://" + (folder_ / "secret").string() + "\r\n"); });
  EXPECT_FALSE(fetch(server.url()));
  EXPECT_EQ(core::read_file(to_), "");
}

TEST_F(HubTest, AnAnswerThatIsAnErrorIsToldAndTheHostIsAskedAgain) {
  Server const server([&](std::string const&) { return reply("404 Not Found", "no"); });
  for (int i = 1; i <= 2; ++i) {
    auto const done = fetch(server.url());
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().message, HasSubstr("it answered 404"));
    EXPECT_EQ(server.requests(), i);
  }
}

TEST_F(HubTest, AHostThatIsSilentIsNotAskedAgain) {
  // A port that nothing listens on, because its listener has just gone.
  std::string const url = Server([](std::string const&) { return std::string(); }).url();
  auto const first = fetch(url);
  ASSERT_FALSE(first);
  EXPECT_THAT(first.error().message, HasSubstr("127.0.0.1 did not give it"));
  auto const second = fetch(url);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("could not be reached before"));
}

TEST_F(HubTest, StopsWhenTold) {
  Server const server([&](std::string const& head) { return ranged(head); });
  std::stop_source stop;
  stop.request_stop();
  auto const done = hub_.fetch(server.url(), pin_, to_, {}, stop.get_token());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, core::Code::cancelled);
}

}  // namespace
}  // namespace parley::models
