# A room is one static library and its unit tests, which sit beside the code as *_test.cpp.
#
#   parley_room(audio LINKS core PRIVATE SndFile::sndfile)
#
# LINKS names other rooms (public), PUBLIC and PRIVATE third-party targets. Tests that need real models carry
# "_model_test.cpp" in their name: they get the label `models` and are left out of the sanitizer runs.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(PARLEY_SANITIZE "" CACHE STRING "Sanitizers for our own code, as -fsanitize= takes them")

add_library(parley_options INTERFACE)
target_compile_options(parley_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-qual -Wunused
  $<$<CXX_COMPILER_ID:GNU>:-Werror>)  # clang, which the fuzzers need, warns of other things
target_include_directories(parley_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
if(PARLEY_SANITIZE)
  target_compile_options(parley_options INTERFACE -fsanitize=${PARLEY_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(parley_options INTERFACE -fsanitize=${PARLEY_SANITIZE})
  # The thread sanitizer does not follow bare fences; Asio's are beside the mutexes of its queues, which it does follow.
  if(PARLEY_SANITIZE MATCHES thread)
    target_compile_definitions(parley_options INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK BOOST_ASIO_DISABLE_STD_ATOMIC)
  endif()
  # g++ 12 warns of uninitialised values inside the standard library once it is instrumented.
  target_compile_options(parley_options INTERFACE -Wno-maybe-uninitialized)
endif()

include(GoogleTest)
add_custom_target(unit_tests)  # every test binary that needs no model

option(PARLEY_FUZZ "Build the *_fuzz.cpp targets with clang's libFuzzer (tools/fuzz)" OFF)
if(PARLEY_FUZZ)
  target_compile_options(parley_options INTERFACE -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  target_link_options(parley_options INTERFACE -fsanitize=address,undefined)
  add_custom_target(fuzz_targets)
endif()

# What each room may know. The arrow of ARCHITECTURE.md, in one place; tools/tidy.py reads these lines too.
set(PARLEY_MAY_KNOW_core "")
set(PARLEY_MAY_KNOW_audio "core")
set(PARLEY_MAY_KNOW_speech "core;audio")
set(PARLEY_MAY_KNOW_language "core;audio")
set(PARLEY_MAY_KNOW_guard "core;audio;speech;language")
set(PARLEY_MAY_KNOW_measure "core")
set(PARLEY_MAY_KNOW_models "core")
set(PARLEY_MAY_KNOW_knowledge "core;audio;language;models")
set(PARLEY_MAY_KNOW_engine "core;audio;speech;language")
set(PARLEY_MAY_KNOW_cloud "core;audio;speech;language")
set(PARLEY_MAY_KNOW_conversation "core;audio;speech;language;measure")
set(PARLEY_MAY_KNOW_server "core;audio;speech;language;measure;conversation")
set(PARLEY_MAY_KNOW_app "core;audio;speech;language;guard;measure;models;engine;cloud;knowledge;conversation;server")

function(parley_room room)
  cmake_parse_arguments(ARG "" "" "LINKS;PUBLIC;PRIVATE;EXCLUDE" ${ARGN})
  foreach(link IN LISTS ARG_LINKS)
    if(NOT link IN_LIST PARLEY_MAY_KNOW_${room})
      message(FATAL_ERROR "${room} may not know ${link}: see the arrow in ARCHITECTURE.md")
    endif()
  endforeach()

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cpp)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "(_test|_fuzz|main)\\.cpp$")

  set(visibility PUBLIC)
  set(private PRIVATE)
  if(sources)
    add_library(parley_${room} STATIC ${sources})
  else()
    add_library(parley_${room} INTERFACE)
    set(visibility INTERFACE)
    set(private INTERFACE)
  endif()
  target_link_libraries(parley_${room} ${visibility} parley_options ${ARG_PUBLIC})
  target_link_libraries(parley_${room} ${private} ${ARG_PRIVATE})
  foreach(link IN LISTS ARG_LINKS)
    target_link_libraries(parley_${room} ${visibility} parley_${link})
  endforeach()

  if(PARLEY_FUZZ)
    file(GLOB_RECURSE fuzzers CONFIGURE_DEPENDS *_fuzz.cpp)
    foreach(source IN LISTS fuzzers)
      get_filename_component(name ${source} NAME_WE)
      add_executable(${name} EXCLUDE_FROM_ALL ${source})
      target_link_libraries(${name} PRIVATE parley_${room} -fsanitize=fuzzer)
      set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
      add_dependencies(fuzz_targets ${name})
    endforeach()
  endif()

  set(model_tests ${tests})
  list(FILTER model_tests INCLUDE REGEX "_model_test\\.cpp$")
  list(FILTER tests EXCLUDE REGEX "_model_test\\.cpp$")
  parley_tests(${room}_test "unit" parley_${room} ${tests})
  parley_tests(${room}_model_test "models" parley_${room} ${model_tests})
endfunction()

# One gtest binary from the given sources; every case is a ctest of its own.
function(parley_tests name label library)
  if(NOT ARGN)
    return()
  endif()
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE ${library} GTest::gmock_main)
  target_compile_definitions(${name} PRIVATE PARLEY_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  # A test's own code is waited for when it is compiled, not when it runs; g++ 12 warns of uninitialised values inside the
  # standard library then.
  target_compile_options(${name} PRIVATE -Og -Wno-maybe-uninitialized)
  if(label STREQUAL "models")
    # Loading a model costs seconds: the binary is one test, so that it loads once.
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS models TIMEOUT 900 RUN_SERIAL ON)
  else()
    add_dependencies(unit_tests ${name})
    gtest_discover_tests(${name} TEST_PREFIX "${name}." PROPERTIES LABELS "${label}" TIMEOUT 120 DISCOVERY_TIMEOUT 60)
  endif()
endfunction()

