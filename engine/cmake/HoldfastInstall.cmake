# The installed package: find_package(Holdfast) gives holdfast::core, holdfast::visibility, holdfast::store, holdfast::client,
# holdfast::worker, holdfast::schedule and holdfast::testing.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/Holdfast")
set(package_parts core visibility schedule store store_postgres client worker testing)

foreach(part IN LISTS package_parts)
  set_target_properties(holdfast_${part} PROPERTIES EXPORT_NAME ${part})
  install(TARGETS holdfast_${part} EXPORT HoldfastTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
endforeach()
foreach(folder core visibility schedule store client worker testing)
  install(DIRECTORY "${CMAKE_SOURCE_DIR}/engine/${folder}/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/holdfast/${folder}"
    FILES_MATCHING PATTERN "*.hpp")
endforeach()
install(EXPORT HoldfastTargets NAMESPACE holdfast:: DESTINATION "${package_dir}")

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/HoldfastConfig.cmake.in"
  "${CMAKE_BINARY_DIR}/HoldfastConfig.cmake" INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${CMAKE_BINARY_DIR}/HoldfastConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/HoldfastConfig.cmake" "${CMAKE_BINARY_DIR}/HoldfastConfigVersion.cmake"
  DESTINATION "${package_dir}")

install(DIRECTORY "${CMAKE_SOURCE_DIR}/schema/" DESTINATION "${CMAKE_INSTALL_DATADIR}/holdfast/schema"
  FILES_MATCHING PATTERN "*.sql")
foreach(program wfctl platform-worker platform-api)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  endif()
endforeach()
