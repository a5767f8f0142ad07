# What is installed, how it is taken away again, and the packages: dlcli-VERSION-linux-PROCESSOR.tar.gz and .deb.
# SPDX-License-Identifier: Apache-2.0
include(GNUInstallDirs)
install(TARGETS dlcli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# The program finds these beside itself, wherever both are put: lib/base/shared_files.h.
set(shared ${CMAKE_INSTALL_DATADIR}/dlcli)
install(DIRECTORY configs datasets docs DESTINATION ${shared} PATTERN "*.py" EXCLUDE)
install(FILES README.md CHANGELOG.md CITATION.cff LICENSE DESTINATION ${shared})
install(CODE "
  set(shared \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${shared}\")
  execute_process(COMMAND $<TARGET_FILE:dlcli> describe --format json-schema
                  OUTPUT_FILE \"\${shared}/config.schema.json\" COMMAND_ERROR_IS_FATAL ANY)
  list(APPEND CMAKE_INSTALL_MANIFEST_FILES \"\${CMAKE_INSTALL_PREFIX}/${shared}/config.schema.json\")")
# The manual, and the completion of shells, from what the program says of itself.
install(CODE "
  set(prefix \"\${CMAKE_INSTALL_PREFIX}\")
  set(man \"${CMAKE_INSTALL_MANDIR}/man1\")
  execute_process(COMMAND $<TARGET_FILE:dlcli> man --folder \"\$ENV{DESTDIR}\${prefix}/\${man}\" COMMAND_ERROR_IS_FATAL ANY)
  file(GLOB pages RELATIVE \"\$ENV{DESTDIR}\${prefix}\" \"\$ENV{DESTDIR}\${prefix}/\${man}/dlcli*.1\")
  foreach(page IN LISTS pages)
    list(APPEND CMAKE_INSTALL_MANIFEST_FILES \"\${prefix}/\${page}\")
  endforeach()
  foreach(shell bash zsh fish)
    set(file_bash bash-completion/completions/dlcli)
    set(file_zsh zsh/site-functions/_dlcli)
    set(file_fish fish/vendor_completions.d/dlcli.fish)
    set(file \"\${prefix}/${CMAKE_INSTALL_DATADIR}/\${file_\${shell}}\")
    get_filename_component(folder \"\$ENV{DESTDIR}\${file}\" DIRECTORY)
    file(MAKE_DIRECTORY \"\${folder}\")
    execute_process(COMMAND $<TARGET_FILE:dlcli> completion \${shell} OUTPUT_FILE \"\$ENV{DESTDIR}\${file}\" COMMAND_ERROR_IS_FATAL ANY)
    list(APPEND CMAKE_INSTALL_MANIFEST_FILES \"\${file}\")
  endforeach()")

# cmake --build build --target uninstall
add_custom_target(uninstall COMMAND ${CMAKE_COMMAND} -D manifest=${PROJECT_BINARY_DIR}/install_manifest.txt
                            -P ${PROJECT_SOURCE_DIR}/scripts/uninstall.cmake)

if(DLCLI_PORTABLE)
  find_library(yaml_cpp_archive NAMES libyaml-cpp.a REQUIRED)
  set_target_properties(yaml-cpp PROPERTIES IMPORTED_LOCATION_NONE "${yaml_cpp_archive}" IMPORTED_LOCATION_RELEASE "${yaml_cpp_archive}")
  # Debian has spdlog and fmt as shared libraries only; one file includes them.
  set_target_properties(spdlog::spdlog PROPERTIES INTERFACE_LINK_LIBRARIES "" INTERFACE_COMPILE_DEFINITIONS
                        "SPDLOG_FMT_EXTERNAL;FMT_HEADER_ONLY" IMPORTED_LOCATION_NONE "${yaml_cpp_archive}")
  target_link_options(dlcli PRIVATE -static-libstdc++ -static-libgcc -s)
endif()

string(TOLOWER ${CMAKE_SYSTEM_NAME} system)
set(CPACK_GENERATOR TGZ DEB)
set(CPACK_PACKAGE_FILE_NAME dlcli-${PROJECT_VERSION}-${system}-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_PACKAGE_CONTACT "the developers of dlcli <dlcli@localhost>")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "dataset-fashion-mnist, libcairo2, libopenblas0")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Trains neural networks described in YAML
 dlcli compiles a YAML file into one training program and runs it: no Python,
 no framework, one binary. Networks of images, tables and text are trained,
 evaluated and used on the command line and in batch jobs.")
include(CPack)
