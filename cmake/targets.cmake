# trawl_library(name [FOLDER folder] DEPENDS lib... [TEST_DEPENDS lib...]): one static library
# from a folder of src/, without the folders in it that have a library.cmake, and, where tests are
# built, one test program from the *_test.cc files beside the code.
function(trawl_library name)
  cmake_parse_arguments(ARG "" "FOLDER" "DEPENDS;TEST_DEPENDS" ${ARGN})
  if(NOT ARG_FOLDER)
    set(ARG_FOLDER ${name})
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_FOLDER}/*.cc)
  file(GLOB inner CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}
    ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_FOLDER}/*/library.cmake)
  foreach(file IN LISTS inner)
    string(REPLACE "/library.cmake" "" folder ${file})
    list(FILTER sources EXCLUDE REGEX "/${folder}/")
  endforeach()
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  add_library(trawl_${name} STATIC ${sources})
  target_link_libraries(trawl_${name} PUBLIC trawl_options ${ARG_DEPENDS})
  trawl_precompile(trawl_${name})
  if(TRAWL_TESTS AND tests)
    find_package(GTest REQUIRED)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE trawl_${name} ${ARG_TEST_DEPENDS} GTest::gtest_main GTest::gtest)
    # Where tests find golden files and the source itself.
    target_compile_definitions(${name}_test PRIVATE TRAWL_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    trawl_precompile(${name}_test)
    add_dependencies(unit_tests ${name}_test)
    add_test(NAME unit.${name} COMMAND ${name}_test)
    set_tests_properties(unit.${name} PROPERTIES TIMEOUT 900)
  endif()
endfunction()

# How a target is compiled, and with whom it shares the precompiled header: the first target
# of a kind compiles it. The optimiser is most of a build: what runs once for each command
# needs little of it, and a sanitized build only where tests spend their time.
function(trawl_precompile target)
  set(kind "all")
  if(CMAKE_BUILD_TYPE STREQUAL "Release" AND target MATCHES "^trawl_(app|cli)$")
    set(kind "brief")
    target_compile_options(${target} PRIVATE -O1)
  elseif(TRAWL_SANITIZE)
    set(kind "plain")
    if(target MATCHES 
       "^trawl_(base|text|query|model|sqlite|corpus.*|ledger.*|pipeline)$")
      set(kind "optimised")
      target_compile_options(${target} PRIVATE -O1)
    endif()
    if(TRAWL_FUZZ AND NOT target MATCHES "_test$")
      # Tells a fuzzer which ways it took.
      target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
      string(APPEND kind ".fuzzed")
    endif()
  endif()
  get_property(first GLOBAL PROPERTY trawl_precompiled_${kind})
  if(first)
    target_precompile_headers(${target} REUSE_FROM ${first})
  else()
    target_precompile_headers(${target} PRIVATE ${CMAKE_SOURCE_DIR}/src/base/precompiled.h)
    set_property(GLOBAL PROPERTY trawl_precompiled_${kind} ${target})
  endif()
endfunction()

# trawl_embed(target name folder): compiles the files of a folder of src/ into a target, to
# be had from trawl::api::<name>() (api/describe/embedded.h).
function(trawl_embed target name folder)
  set(folder ${CMAKE_CURRENT_SOURCE_DIR}/${folder})
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded/${name}.cc)
  file(GLOB files CONFIGURE_DEPENDS ${folder}/*)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DNAME=${name} -DFOLDER=${folder} -DOUT=${out}
            -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${out})
  if(NOT TARGET embedded)
    add_custom_target(embedded)
  endif()
  add_custom_target(embedded_${name} DEPENDS ${out})
  add_dependencies(embedded embedded_${name})
endfunction()
