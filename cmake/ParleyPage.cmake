# The page (web/) inside the program: web/build makes one C++ file of it, once for every state of its sources.
#
#   parley_page(parley_app)

function(parley_page target)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/src/*)
  set(made ${CMAKE_CURRENT_BINARY_DIR}/page_files.cpp)
  add_custom_command(OUTPUT ${made}
    COMMAND ${CMAKE_SOURCE_DIR}/web/build ${made}
    DEPENDS ${sources} ${CMAKE_SOURCE_DIR}/web/index.html ${CMAKE_SOURCE_DIR}/web/package-lock.json
      ${CMAKE_SOURCE_DIR}/web/vite.config.ts ${CMAKE_SOURCE_DIR}/web/build ${CMAKE_SOURCE_DIR}/web/embed.py
    COMMENT "The page" VERBATIM)
  target_sources(${target} PRIVATE ${made})
endfunction()
