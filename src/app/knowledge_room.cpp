#include "app/knowledge_room.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/knowledge_base.hpp"

namespace parley::app {
namespace {

constexpr std::size_t most_waiting = 16;

using Stores = std::vector<std::shared_ptr<knowledge::Store>>;

core::Result<std::vector<knowledge::Passage>> search_all(Stores const& stores, language::Vector const& vector,
                                                         std::string const& question, knowledge::SearchOptions const& options) {
  std::vector<knowledge::Passage> all;
  for (auto const& store : stores) {
    auto found = knowledge::search(*store, vector, question, options);
    if (!found) return found;
    std::ranges::move(*found, std::back_inserter(all));
  }
  if (stores.size() > 1) {  // ranks of different bases say nothing about each other, cosines do
    std::ranges::stable_sort(all, std::greater<>(), &knowledge::Passage::cosine);
    all.resize(std::min(all.size(), options.count));
  }
  return all;
}

}  // namespace

KnowledgeRoom::KnowledgeRoom(OpenEmbedder open_embedder)
    : open_embedder_(std::move(open_embedder)), worker_([this](std::stop_token const& stopping) { work(stopping); }) {}

KnowledgeRoom::~KnowledgeRoom() = default;

core::Result<std::shared_ptr<language::Embedder>> KnowledgeRoom::embedder() {
  std::lock_guard const lock(mutex_);
  if (!embedder_) {
    auto opened = open_embedder_();
    if (!opened) return opened;
    embedder_ = std::move(*opened);
  }
  return embedder_;
}

core::Result<std::shared_ptr<knowledge::Store>> KnowledgeRoom::base(std::string const& name, bool make) {
  auto const model = embedder();
  if (!model) return std::unexpected(model.error());
  auto const file = knowledge_file(name);
  if (!file) return std::unexpected(file.error());
  std::lock_guard const lock(mutex_);
  auto const known = bases_.find(name);
  if (known != bases_.end()) return known->second;
  if (!make && !std::filesystem::exists(*file)) {
    return core::fail(core::Code::not_found,
                      fmt::format("there is no knowledge base '{}'; there are: {}", name, fmt::join(knowledge_names(), ", ")),
                      "base");
  }
  auto store = knowledge::Store::open(*file, (*model)->identity(), (*model)->dimensions());
  if (!store) return std::unexpected(store.error());
  return bases_[name] = std::move(*store);
}

core::Job KnowledgeRoom::search(std::vector<std::string> bases, std::string question, knowledge::SearchOptions options,
                                core::Urgency urgency, Found found) {
  Stores stores;
  for (auto const& name : bases) {
    auto store = base(name, false);
    if (!store) {
      found(std::unexpected(store.error()));
      return {};
    }
    stores.push_back(std::move(*store));
  }
  auto const model = embedder();
  if (!model) {
    found(std::unexpected(model.error()));
    return {};
  }
  return (*model)->embed({question}, language::Purpose::query, urgency,
                         [stores = std::move(stores), question, options = std::move(options),
                          found = std::move(found)](core::Result<std::vector<language::Vector>> const& vectors) {
                           if (!vectors) return found(std::unexpected(vectors.error()));
                           found(search_all(stores, vectors->front(), question, options));
                         });
}

core::Result<void> KnowledgeRoom::later(std::function<void(std::stop_token)> work) {
  {
    std::lock_guard const lock(mutex_);
    if (waiting_.size() >= most_waiting) {
      return std::unexpected(core::Error{
          core::Code::busy, "too many documents wait to be added; try again in some seconds", {}, std::chrono::seconds(5)});
    }
    waiting_.push_back(std::move(work));
  }
  wake_.notify_one();
  return {};
}

void KnowledgeRoom::work(std::stop_token const& stopping) {
  for (;;) {
    std::function<void(std::stop_token)> next;
    {
      std::unique_lock lock(mutex_);
      if (!wake_.wait(lock, stopping, [this] { return !waiting_.empty(); })) return;
      if (stopping.stop_requested()) return;
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    next(stopping);
  }
}

}  // namespace parley::app
