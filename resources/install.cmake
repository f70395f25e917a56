# SPDX-License-Identifier: GPL-3.0-or-later
# What cmake --install puts where. Built for this machine: the programs in bin/. A package has them once a level in
# lib/recoscope/<level>/ and starters in bin/ that choose (app/launcher.cpp); `./dev package` installs all levels into one tree.
if(RECOSCOPE_NATIVE)
    install(TARGETS recoscope recoscope-cli RUNTIME DESTINATION bin)
else()
    install(TARGETS recoscope recoscope-cli RUNTIME DESTINATION lib/recoscope/${RECOSCOPE_ISA_LEVEL})
    add_executable(recoscope-launcher app/launcher.cpp)
    target_include_directories(recoscope-launcher PRIVATE ${CMAKE_SOURCE_DIR})
    target_compile_options(recoscope-launcher PRIVATE -march=x86-64 -Wall -Wextra -Wpedantic -Wshadow)
    set_target_properties(recoscope-launcher PROPERTIES AUTOMOC OFF RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/app)
    install(PROGRAMS $<TARGET_FILE:recoscope-launcher> DESTINATION bin RENAME recoscope)
    install(PROGRAMS $<TARGET_FILE:recoscope-launcher> DESTINATION bin RENAME recoscope-cli)
endif()
install(FILES LICENSE DESTINATION share/doc/recoscope)
