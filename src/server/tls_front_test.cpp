// Real sockets, a certificate made here, and the whole server behind it.
#include "server/tls_front.hpp"

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fstream>

#include "core/test_folder.hpp"
#include "server/server.hpp"

namespace parley::server {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using net::ip::tcp;
using testing::HasSubstr;

using File = std::unique_ptr<std::FILE, decltype([](std::FILE* file) { std::fclose(file); })>;

/// A key and a certificate for "localhost" that it has signed itself.
void make_certificate(std::filesystem::path const& folder) {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> const key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  std::unique_ptr<X509, decltype(&X509_free)> const certificate(X509_new(), X509_free);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  std::string const host = "localhost";
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<unsigned char const*>(host.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  PEM_write_X509(File(std::fopen((folder / "cert.pem").c_str(), "w")).get(), certificate.get());
  PEM_write_PrivateKey(File(std::fopen((folder / "key.pem").c_str(), "w")).get(), key.get(), nullptr, nullptr, 0, nullptr,
                       nullptr);
}

class TlsFrontTest : public testing::Test {
 protected:
  void SetUp() override {
    make_certificate(folder_);
    Options options;
    options.port = 0;
    auto server = Server::start(options, {[](CallRequest const&, conversation::Call::Listener) -> core::Result<OpenedCall> {
                                  return core::fail(core::Code::internal, "never called");
                                }});
    ASSERT_TRUE(server);
    server_ = *std::move(server);
  }

  TlsOptions options() const {
    TlsOptions options;
    options.port = 0;
    options.certificate = folder_ / "cert.pem";
    options.private_key = folder_ / "key.pem";
    options.inner_port = server_->port();
    return options;
  }

  core::TestFolder const folder_;
  std::unique_ptr<Server> server_;
};

TEST_F(TlsFrontTest, WhatIsBehindAnswers) {
  auto const front = TlsFront::start(options());
  ASSERT_TRUE(front) << core::describe(front.error());
  net::io_context io;
  net::ssl::context context(net::ssl::context::tls_client);
  context.load_verify_file((folder_ / "cert.pem").string());
  net::ssl::stream<tcp::socket> stream(io, context);
  stream.set_verify_mode(net::ssl::verify_peer);
  stream.set_verify_callback(net::ssl::host_name_verification("localhost"));
  stream.lowest_layer().connect(tcp::endpoint(net::ip::address_v4::loopback(), (*front)->port()));
  stream.handshake(net::ssl::stream_base::client);
  for (int i = 0; i < 3; ++i) {
    http::request<http::empty_body> request(http::verb::get, "/healthz", 11);
    request.set(http::field::host, "localhost");
    http::write(stream, request);
    beast::flat_buffer buffer;
    http::response<http::string_body> response;
    http::read(stream, buffer, response);
    EXPECT_EQ(response.result_int(), 200U);
  }
}

TEST_F(TlsFrontTest, PlainAndOldClientsAreClosed) {
  auto const front = TlsFront::start(options());
  ASSERT_TRUE(front);
  net::io_context io;
  tcp::socket plain(io);
  plain.connect(tcp::endpoint(net::ip::address_v4::loopback(), (*front)->port()));
  net::write(plain, net::buffer(std::string_view("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")));
  std::array<char, 1024> answer{};
  boost::system::error_code error;
  std::size_t count = 0;
  while (!error) count += plain.read_some(net::buffer(answer), error);
  EXPECT_LT(count, 100U) << "no page, at most an alert";

  net::ssl::context old(net::ssl::context::tlsv11_client);
  net::ssl::stream<tcp::socket> stream(io, old);
  stream.lowest_layer().connect(tcp::endpoint(net::ip::address_v4::loopback(), (*front)->port()));
  stream.handshake(net::ssl::stream_base::client, error);
  EXPECT_TRUE(error);
}

TEST_F(TlsFrontTest, MistakesAreNamedWithTheirFile) {
  auto wrong = options();
  wrong.certificate = folder_ / "nowhere.pem";
  auto const missing = TlsFront::start(wrong);
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().subject, HasSubstr("nowhere.pem"));
  wrong = options();
  std::ofstream(folder_ / "junk.pem") << "junk";
  wrong.private_key = folder_ / "junk.pem";
  EXPECT_EQ(TlsFront::start(wrong).error().code, core::Code::invalid);
  auto const first = TlsFront::start(options());
  ASSERT_TRUE(first);
  auto taken = options();
  taken.port = (*first)->port();
  EXPECT_EQ(TlsFront::start(taken).error().code, core::Code::conflict);
}

}  // namespace
}  // namespace parley::server
