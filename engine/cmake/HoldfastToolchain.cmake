# Compiler, flags and build speed-ups shared by every target.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "Holdfast is built with clang 19 (g++ 12 destroys temporaries in co_await statements twice); "
                      "got ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}. Use a preset, or -DCMAKE_CXX_COMPILER=clang++-19.")
endif()

# A field that a designated initializer leaves out has its default: that is what options structs are for.
add_compile_options(-Wall -Wextra -Werror -Wno-missing-designated-field-initializers -fno-omit-frame-pointer)
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")  # assertions stay on: a durable engine stops rather than guesses
if(HOLDFAST_SANITIZE)
  add_compile_options(-O1 -fsanitize=${HOLDFAST_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${HOLDFAST_SANITIZE})
endif()

find_program(HOLDFAST_LLD ld.lld-19)
if(HOLDFAST_LLD)
  add_link_options(--ld-path=${HOLDFAST_LLD})
endif()
find_program(HOLDFAST_CCACHE ccache)
if(HOLDFAST_CCACHE)
  # Paths relative to the tree: every clone and every build folder shares what another one compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1 ${HOLDFAST_CCACHE})
endif()
