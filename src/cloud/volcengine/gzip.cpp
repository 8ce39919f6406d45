#include "cloud/volcengine/gzip.hpp"

#include <zlib.h>

#include <array>
#include <stdexcept>

namespace parley::cloud::volcengine {
namespace {

constexpr int gzip_window = 15 + 16;  // zlib: +16 asks for the gzip wrapping

/// zlib's input is not const by type only.
Bytef* input_of(std::string_view bytes) { return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data())); }

}  // namespace

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = input_of(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);  // the bound is enough for one call
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

core::Result<std::string> gunzip(std::string_view bytes, std::size_t limit) {
  if (bytes.empty()) return std::string();
  z_stream stream{};
  if (inflateInit2(&stream, gzip_window) != Z_OK) throw std::bad_alloc();
  stream.next_in = input_of(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  std::array<char, 16384> block;
  int state = Z_OK;
  while (state == Z_OK && out.size() <= limit) {
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    state = inflate(&stream, Z_NO_FLUSH);
    if (state == Z_OK || state == Z_STREAM_END) out.append(block.data(), block.size() - stream.avail_out);
  }
  bool const rest = stream.avail_in != 0;
  inflateEnd(&stream);
  if (out.size() > limit) return core::fail(core::Code::too_large, "a compressed message is larger than is read", "gzip");
  if (state != Z_STREAM_END || rest) {
    return core::fail(core::Code::invalid, "a message is marked as gzip but is not whole gzip data", "gzip");
  }
  return out;
}

}  // namespace parley::cloud::volcengine
