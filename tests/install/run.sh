#!/usr/bin/env bash
# run.sh BUILD_DIR CLANG GXX SOURCE_DIR: installs BUILD_DIR into a temporary prefix, then configures, builds and runs
# a project that knows only that prefix; its client half with g++ too.
set -euo pipefail
build_dir=$1 clang=$2 gxx=$3 source_dir=$4

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix

cmake --install "$build_dir" --prefix "$prefix" >"$work/install.log" || { cat "$work/install.log"; exit 1; }
if grep -rnE "$source_dir|$build_dir" "$prefix/lib/cmake" "$prefix/include"; then
  echo "the installed package mentions the source or build folder"
  exit 1
fi
if [ -n "$(find "$prefix/include" -xtype l)" ]; then
  echo "the installed package has dangling links"
  exit 1
fi

consume() { # consume NAME COMPILER HALF PROGRAM...
  local name=$1 compiler=$2 half=$3
  shift 3
  echo "=== $name: $compiler"
  cmake -S "$source_dir/tests/install/consumer" -B "$work/$name" -G Ninja -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$prefix" -DHALF="$half" >"$work/$name.log" 2>&1 ||
    { cat "$work/$name.log"; exit 1; }
  cmake --build "$work/$name"
  local program
  for program in "$@"; do
    "$work/$name/$program"
  done
}

consume clang "$clang" all core_program client_program worker_program
if [ -n "$gxx" ]; then
  consume gxx "$gxx" client client_program
  # The client's own sources build with it as well, not only its headers.
  for file in "$source_dir"/engine/client/*.cpp; do
    echo "=== g++: ${file##*/}"
    "$gxx" -std=c++23 -Wall -Wextra -fsyntax-only -isystem /usr/include/postgresql \
      -I"$build_dir/include/holdfast_core" -I"$build_dir/include/holdfast_store" \
      -I"$build_dir/include/holdfast_visibility" -I"$build_dir/include/holdfast_schedule" -I"$build_dir/include/holdfast_client" "$file"
  done
fi
echo "install: both halves were built and run"
