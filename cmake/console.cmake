# trawl_console(target): a library that holds the console (console/) as one pack of files, which
# src/api/console reads. Empty where TRAWL_CONSOLE is OFF.
option(TRAWL_CONSOLE "Build the console, the page at /console, into the server" ON)

function(trawl_console target)
  if(TRAWL_CONSOLE)
    find_program(PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
    set(pack ${CMAKE_CURRENT_BINARY_DIR}/embedded/console.pack)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS
      ${CMAKE_SOURCE_DIR}/console/* ${CMAKE_SOURCE_DIR}/src/api/describe/openapi/*.json)
    list(FILTER sources EXCLUDE REGEX "/node_modules/")
    # The console is built in build/console for all presets; the script is done at once where
    # its sources are those of the last time.
    add_custom_command(OUTPUT ${pack}
      COMMAND ${CMAKE_SOURCE_DIR}/scripts/console
      COMMAND ${PYTHON} ${CMAKE_SOURCE_DIR}/cmake/pack_files.py
              ${CMAKE_SOURCE_DIR}/build/console/dist ${pack}
      DEPENDS ${sources} ${CMAKE_SOURCE_DIR}/src/model/recorded_fields.h
              ${CMAKE_SOURCE_DIR}/scripts/console ${CMAKE_SOURCE_DIR}/cmake/pack_files.py
      VERBATIM)
    add_custom_target(console DEPENDS ${pack})
  else()
    set(pack ${CMAKE_CURRENT_BINARY_DIR}/embedded/no_console.pack)
    if(NOT EXISTS ${pack})
      file(WRITE ${pack} "")
    endif()
  endif()
  add_library(${target} STATIC console_pack.cc)
  target_link_libraries(${target} PRIVATE trawl_options)
  # The compiler cache does not know what an assembler includes.
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF CXX_COMPILER_LAUNCHER "")
  set_source_files_properties(console_pack.cc PROPERTIES
    COMPILE_DEFINITIONS "TRAWL_CONSOLE_PACK=\"${pack}\"" OBJECT_DEPENDS ${pack})
endfunction()
