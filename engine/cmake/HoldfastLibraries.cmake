# Third-party packages, and the one way in which libraries and programs of this project are declared.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(date REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
pkg_check_modules(libpq REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(libpqxx REQUIRED IMPORTED_TARGET libpqxx)
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)

# Debian's cctz comes without a CMake package.
if(NOT TARGET cctz::cctz)
  find_library(CCTZ_LIBRARY cctz REQUIRED)
  add_library(cctz::cctz UNKNOWN IMPORTED GLOBAL)
  set_target_properties(cctz::cctz PROPERTIES IMPORTED_LOCATION "${CCTZ_LIBRARY}")
endif()

# yaml-cpp 0.7 exports a target without a namespace and without its include folder.
if(NOT TARGET yaml-cpp::yaml-cpp)
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()

# holdfast_headers(<target> <scope> <folder> <spelling>)
# Makes the headers of <folder> visible to <target> (and to whoever links it) as <spelling/...>, and no others:
# every target has an include root of its own that holds one link. A header of a folder that is not on the link
# line is therefore not found, so a dependency that the architecture forbids does not compile.
function(holdfast_headers target scope folder spelling)
  set(root "${CMAKE_BINARY_DIR}/include/${target}")
  cmake_path(GET spelling PARENT_PATH parent)
  file(MAKE_DIRECTORY "${root}/${parent}")
  file(CREATE_LINK "${folder}" "${root}/${spelling}" SYMBOLIC)
  target_include_directories(${target} ${scope} $<BUILD_INTERFACE:${root}> $<INSTALL_INTERFACE:include>)
endfunction()

# holdfast_library(<target> [extra sources...] [HEADERS <spelling>] [LINKS <targets>...] [PRIVATE_LINKS <targets>...])
# A static library of every .cpp in the current folder. HEADERS is how others include this folder's headers. LINKS
# are the only headers its sources can rely on: the link lines are the architecture (docs/architecture.md).
# A folder that has no source yet becomes an interface library.
function(holdfast_library target)
  cmake_parse_arguments(arg "" "HEADERS" "LINKS;PRIVATE_LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  list(APPEND sources ${arg_UNPARSED_ARGUMENTS})
  if(sources)
    add_library(${target} STATIC ${sources})
    set(scope PUBLIC)
    target_link_libraries(${target} PUBLIC ${arg_LINKS} PRIVATE ${arg_PRIVATE_LINKS})
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
    target_link_libraries(${target} INTERFACE ${arg_LINKS})
  endif()
  target_compile_features(${target} ${scope} cxx_std_23)
  if(arg_HEADERS)
    holdfast_headers(${target} ${scope} "${CMAKE_CURRENT_SOURCE_DIR}" "${arg_HEADERS}")
  endif()
  string(REGEX REPLACE "^(holdfast|platform)_" "\\1::" alias ${target})
  add_library(${alias} ALIAS ${target})
endfunction()

# holdfast_program(<name> LINKS <targets>...)
# A program of every .cpp in <current folder>/<name>. Nothing happens while that folder has no source, and link
# targets that are switched off (HOLDFAST_BUILD_PLATFORM) are left out.
function(holdfast_program name)
  cmake_parse_arguments(arg "" "" "LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp")
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  foreach(link IN LISTS arg_LINKS)
    if(NOT link MATCHES "^platform_" OR TARGET ${link})
      target_link_libraries(${name} PRIVATE ${link})
    endif()
  endforeach()
  target_include_directories(${name} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/${name}")
endfunction()
