#pragma once
// One model on its way from its sources to its folder. Only Store uses this.
#include <filesystem>
#include <map>

#include "models/archive.hpp"
#include "models/store.hpp"

namespace parley::models {

class Pull {
 public:
  /// `work`: the folder for everything unfinished; `target`: where the model goes. All references must outlive run().
  Pull(Model const& model, Settings const& settings, Hub& hub, std::filesystem::path work, std::filesystem::path target,
       Watch const& watch)
      : model_(model), settings_(settings), hub_(hub), work_(std::move(work)), target_(std::move(target)), watch_(watch) {}

  /// Tries the sources in order. The error of a pull that failed tells what each of them said.
  [[nodiscard]] core::Result<void> run();

 private:
  [[nodiscard]] core::Result<void> from(Source const& source);
  [[nodiscard]] core::Result<void> check_space(Source const& source) const;
  [[nodiscard]] core::Result<void> download(SourceFile const& file);
  [[nodiscard]] core::Result<void> unpack(Source const& source, Package const& package);
  [[nodiscard]] core::Result<std::filesystem::path> fetch_archive(Package const& package);
  [[nodiscard]] core::Result<void> join(SourceFile const& file);
  [[nodiscard]] core::Result<std::filesystem::path> convert(Source const& source);
  [[nodiscard]] core::Result<void> finish(Source const& source, std::filesystem::path const& ready);
  void drop_strays(Source const& source) const;

  [[nodiscard]] std::filesystem::path piece_path(SourceFile const& file, std::size_t index) const;
  [[nodiscard]] bool whole(std::filesystem::path const& path, Pin const& pin);
  void tell(std::string_view stage, std::string_view what, std::uint64_t done, std::uint64_t total) const {
    watch_.tell({model_.id, stage, what, done, total});
  }

  Model const& model_;
  Settings const& settings_;
  Hub& hub_;
  std::filesystem::path work_;
  std::filesystem::path target_;
  Watch const& watch_;
  std::filesystem::path folder_;  // of the source being tried, below work_
  std::uint64_t fetched_ = 0;     // of this source, for the progress
  std::uint64_t to_fetch_ = 0;
};

}  // namespace parley::models
