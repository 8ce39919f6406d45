# Everything Parley is built on. `make setup` (tools/setup) puts it in place: Debian packages into the system,
# the rest into the cache, whose path it leaves in build/deps.cmake.

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(GTest REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(CURL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SNDFILE REQUIRED IMPORTED_TARGET sndfile)
pkg_check_modules(SOXR REQUIRED IMPORTED_TARGET soxr)
pkg_check_modules(OPUS REQUIRED IMPORTED_TARGET opus)
pkg_check_modules(SPEEXDSP REQUIRED IMPORTED_TARGET speexdsp)
pkg_check_modules(OPENCC REQUIRED IMPORTED_TARGET opencc)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(ICU REQUIRED IMPORTED_TARGET icu-i18n icu-uc)
pkg_check_modules(HYPERSCAN REQUIRED IMPORTED_TARGET libhs)
pkg_check_modules(LIBXML2 REQUIRED IMPORTED_TARGET libxml-2.0)
pkg_check_modules(SIMDJSON REQUIRED IMPORTED_TARGET simdjson)

if(NOT EXISTS ${CMAKE_SOURCE_DIR}/build/deps.cmake)
  message(FATAL_ERROR "build/deps.cmake is missing: run `make setup` first")
endif()
include(${CMAKE_SOURCE_DIR}/build/deps.cmake)  # sets PARLEY_DEPS, PARLEY_OPENVINO

find_package(OpenVINO REQUIRED COMPONENTS Runtime PATHS ${PARLEY_OPENVINO}/openvino/cmake NO_DEFAULT_PATH)

# ggml, llama and whisper, built once by tools/setup from tools/deps.
# PARLEY_GPU=cuda, vulkan or metal at setup builds ggml with that backend beside the processor's.
if(PARLEY_GPU)
  set(parley_gpu_library ${PARLEY_DEPS}/lib/libggml-${PARLEY_GPU}.a)
endif()
if(PARLEY_GPU STREQUAL cuda)
  find_package(CUDAToolkit REQUIRED)
  set(parley_gpu_links CUDA::cudart_static CUDA::cublas CUDA::cublasLt CUDA::cuda_driver)
elseif(PARLEY_GPU STREQUAL vulkan)
  find_package(Vulkan REQUIRED)
  set(parley_gpu_links Vulkan::Vulkan)
elseif(PARLEY_GPU STREQUAL metal)
  set(parley_gpu_links "-framework Foundation" "-framework Metal" "-framework MetalKit")
endif()
add_library(parley_ggml INTERFACE)
target_include_directories(parley_ggml SYSTEM INTERFACE ${PARLEY_DEPS}/include)
target_link_libraries(parley_ggml INTERFACE
  ${PARLEY_DEPS}/lib/libllama.a ${PARLEY_DEPS}/lib/libwhisper.a
  -Wl,--start-group
  ${PARLEY_DEPS}/lib/libggml.a ${PARLEY_DEPS}/lib/libggml-cpu.a ${PARLEY_DEPS}/lib/libggml-base.a
  ${parley_gpu_library}
  -Wl,--end-group
  ${parley_gpu_links} Threads::Threads ${CMAKE_DL_LIBS})
