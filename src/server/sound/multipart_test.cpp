#include "server/sound/multipart.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace parley::server {
namespace {

constexpr std::string_view type = "multipart/form-data; boundary=xyz";

TEST(Multipart, gives_fields_and_files_byte_for_byte) {
  std::string const file("RIFF\0\r\n--xy\r\n\r\n\xff", 16);
  std::string const bytes =
      "--xyz\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-base\r\n"
      "--xyz\r\ncontent-type: audio/wav\r\ncontent-disposition: form-data; filename=\"a;\\\"b\\\".wav\"; name=file\r\n\r\n" +
      file + "\r\n--xyz--\r\n";
  auto const parts = parse_form(type, bytes);
  ASSERT_TRUE(parts) << parts.error().message;
  ASSERT_EQ(parts->size(), 2U);
  EXPECT_EQ((*parts)[0].name, "model");
  EXPECT_EQ((*parts)[0].body, "whisper-base");
  EXPECT_EQ((*parts)[0].file_name, "");
  EXPECT_EQ((*parts)[1].name, "file");
  EXPECT_EQ((*parts)[1].file_name, "a;\"b\".wav");
  EXPECT_EQ((*parts)[1].body, file);
}

TEST(Multipart, takes_a_quoted_boundary_and_an_empty_form) {
  auto const none = parse_form("Multipart/Form-Data; charset=utf-8; boundary=\"a b\"", "--a b--\r\n");
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
}

TEST(Multipart, complains_of_everything_else) {
  for (auto const& [head, bytes] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"application/json", "{}"},
           {"multipart/form-data", "--xyz--"},
           {type, ""},
           {type, "xyz"},
           {type, "--xyz"},
           {type, "--xyz\r\n"},
           {type, "--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nno end"},
           {type, "--xyz\r\nContent-Disposition: form-data\r\n\r\nno name\r\n--xyz--"},
           {type, "--xyz\r\n\r\nno head\r\n--xyz--"}}) {
    EXPECT_FALSE(parse_form(head, bytes)) << bytes;
  }
}

TEST(Multipart, survives_every_cut) {
  std::string const bytes = "--xyz\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\r\n\r\nbody\r\n--xyz--";
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(parse_form(type, bytes.substr(0, size))) << size;
}

}  // namespace
}  // namespace parley::server
