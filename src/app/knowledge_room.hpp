#pragma once
// The knowledge bases of a running program: opened when they are first asked for, searched without blocking, added to by one
// worker.
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "core/job.hpp"
#include "core/result.hpp"
#include "knowledge/search.hpp"
#include "knowledge/store.hpp"

namespace parley::app {

/// Thread-safe.
class KnowledgeRoom {
 public:
  /// What makes vectors; asked for once, when it is first needed.
  using OpenEmbedder = std::function<core::Result<std::shared_ptr<language::Embedder>>()>;
  explicit KnowledgeRoom(OpenEmbedder open_embedder);
  ~KnowledgeRoom();
  KnowledgeRoom(KnowledgeRoom const&) = delete;
  KnowledgeRoom& operator=(KnowledgeRoom const&) = delete;

  /// `make`: a base that is not there is made; else it is not_found and the ones there are, are named.
  [[nodiscard]] core::Result<std::shared_ptr<knowledge::Store>> base(std::string const& name, bool make);
  /// Loaded when it is first asked for.
  [[nodiscard]] core::Result<std::shared_ptr<language::Embedder>> embedder();

  using Found = std::function<void(core::Result<std::vector<knowledge::Passage>>)>;
  /// The best passages of all `bases` together, told from the embedder's thread or at once.
  [[nodiscard]] core::Job search(std::vector<std::string> bases, std::string question, knowledge::SearchOptions options,
                                 core::Urgency urgency, Found found);

  /// Runs it on the worker, behind what waits there. busy: too much waits.
  [[nodiscard]] core::Result<void> later(std::function<void(std::stop_token)> work);

 private:
  void work(std::stop_token const& stopping);

  OpenEmbedder open_embedder_;
  std::mutex mutex_;
  std::shared_ptr<language::Embedder> embedder_;
  std::map<std::string, std::shared_ptr<knowledge::Store>> bases_;
  std::condition_variable_any wake_;
  std::deque<std::function<void(std::stop_token)>> waiting_;
  std::jthread worker_;  // last: it uses everything above
};

}  // namespace parley::app
