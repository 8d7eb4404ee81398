# Compiler settings shared by every target, and the functions that declare a room, its tests and its fuzzers.

# Static, so that a program starts without loading and relocating them: a session start is a few milliseconds.
set(Boost_USE_STATIC_LIBS ON)
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json system)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(GTest REQUIRED)

find_program(CCACHE ccache)
if(CCACHE)
  # A precompiled header comes from the same command and the same files, so its use is as good as theirs.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

add_library(postern_options INTERFACE)
target_compile_features(postern_options INTERFACE cxx_std_23)
target_compile_options(postern_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
  -Wthread-safety -Wno-missing-designated-field-initializers -Werror -fno-omit-frame-pointer -fvisibility=hidden -fstack-protector-strong)
target_compile_definitions(postern_options INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_HAS_STD_INVOKE_RESULT SPDLOG_FMT_EXTERNAL
  POSTERN_VERSION="${PROJECT_VERSION}")
target_include_directories(postern_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_link_options(postern_options INTERFACE -fuse-ld=lld -Wl,--as-needed -Wl,-z,relro,-z,now)
if(NOT POSTERN_SANITIZE)
  target_compile_definitions(postern_options INTERFACE $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
  target_compile_options(postern_options INTERFACE -ffunction-sections -fdata-sections)
  # The C++ runtime is linked in, for the same reason as above and because resident pages of it count for each process.
  target_link_options(postern_options INTERFACE -Wl,--gc-sections -static-libstdc++ -static-libgcc)
else()
  # SOCI hides a typeinfo that UBSan's vptr check needs.
  target_compile_options(postern_options INTERFACE -fsanitize=${POSTERN_SANITIZE} -fno-sanitize=vptr
    -fno-sanitize-recover=all)
  target_link_options(postern_options INTERFACE -fsanitize=${POSTERN_SANITIZE})
endif()
if(POSTERN_FUZZ)
  target_compile_options(postern_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Asio's own functions, compiled once and not in each file that includes it.
add_library(postern_asio STATIC ${CMAKE_CURRENT_LIST_DIR}/asio.cc)
target_compile_definitions(postern_asio PUBLIC BOOST_ASIO_SEPARATE_COMPILATION)
target_link_libraries(postern_asio PUBLIC postern_options Boost::headers Boost::system Threads::Threads)

# What most files of the rooms include from elsewhere, parsed once. Not in every preset: where it is off, a file that leans on
# it, and not on what it includes itself, fails to compile.
option(POSTERN_PRECOMPILE "Precompile the headers that most files include from elsewhere" OFF)
if(POSTERN_PRECOMPILE)
  add_library(postern_precompiled OBJECT ${CMAKE_CURRENT_LIST_DIR}/precompiled.cc)
  target_link_libraries(postern_precompiled PRIVATE postern_asio Boost::json fmt::fmt-header-only)
  target_precompile_headers(postern_precompiled PRIVATE ${CMAKE_CURRENT_LIST_DIR}/precompiled.h)
  # Otherwise each build's would look like another one to ccache.
  target_compile_options(postern_precompiled PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
endif()
# For the targets of rooms that may use Asio (tests/structure/rooms.toml).
function(postern_precompile target)
  if(POSTERN_PRECOMPILE AND NOT target MATCHES "^(postern_)?(base|wire|channel|aws|copy|iam)(_test|_testing)?$")
    target_precompile_headers(${target} REUSE_FROM postern_precompiled)
    target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endfunction()

# postern_library(ROOM SOURCES a.cc ... LINKS other targets ...)
# One static library per room; LINKS are the rooms and packages that its own includes name.
function(postern_library room)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(postern_${room} STATIC ${ARG_SOURCES})
  add_library(postern::${room} ALIAS postern_${room})
  target_link_libraries(postern_${room} PUBLIC postern_options ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS})
  postern_precompile(postern_${room})
endfunction()

# postern_test(ROOM SOURCES a_test.cc ... LINKS ...): one test executable per room, fewer links on few cores.
function(postern_test room)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${room}_test ${ARG_SOURCES})
  target_link_libraries(${room}_test PRIVATE postern::${room} ${ARG_LINKS} GTest::gtest GTest::gtest_main)
  postern_precompile(${room}_test)
  gtest_discover_tests(${room}_test DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300)
endfunction()

# postern_fuzzer(NAME [SOURCES ...] LINKS ...): fuzz/NAME_fuzz.cc with its corpus in fuzz/corpus/NAME. SOURCES, under src/, are
# for parsers of a room that is otherwise not needed.
function(postern_fuzzer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  list(TRANSFORM ARG_SOURCES PREPEND ${CMAKE_SOURCE_DIR}/src/)
  add_executable(${name}_fuzz ${name}_fuzz.cc ${ARG_SOURCES})
  target_link_libraries(${name}_fuzz PRIVATE postern_options ${ARG_LINKS})
  target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
endfunction()
