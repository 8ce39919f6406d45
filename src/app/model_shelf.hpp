#pragma once
// Further language models beside the house's own: each is loaded when it is first asked for or when somebody says so, and put
// away when somebody says so or when its memory is needed for another.
//
//   ModelShelf shelf({"smollm2-135m-instruct"}, load);
//   auto model = shelf.find("smollm2-135m-instruct");   // at once; the first request waits for the loading
//
// Thread rules: everything from any thread. Loading runs on the shelf's own thread, one model at a time; requests that wait for
// it are begun, or told its error, from there.
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "language/model.hpp"

namespace parley::app {

class ModelShelf {
 public:
  using Model = std::shared_ptr<language::Model>;
  /// Puts away whoever was used longest ago. False when nobody is left; then there is not enough memory.
  using MakeRoom = std::function<bool()>;
  using Load = std::function<core::Result<Model>(std::string const& name, MakeRoom const& make_room)>;
  enum class State { away, loading, loaded };
  static constexpr std::size_t most_waiting = 64;  ///< requests for one model that is being loaded

  ModelShelf(std::vector<std::string> const& names, Load load);
  ~ModelShelf();  ///< who still waits is told `unavailable`
  ModelShelf(ModelShelf const&) = delete;
  ModelShelf& operator=(ModelShelf const&) = delete;

  /// The model of this name, whether or not it is loaded; null when there is none. May outlive the shelf, which then tells
  /// every request `unavailable`.
  [[nodiscard]] Model find(std::string const& name) const;

  [[nodiscard]] State state(std::string const& name) const;  ///< of an unknown name: away
  void load(std::string const& name);                        ///< returns at once
  /// Answers that are being written are finished; its memory is free after the last of them.
  void unload(std::string const& name);

 private:
  class Books;
  class Handle;
  std::shared_ptr<Books> books_;
};

/// "not loaded", "loading", "loaded".
[[nodiscard]] std::string_view name_of(ModelShelf::State state) noexcept;

}  // namespace parley::app
