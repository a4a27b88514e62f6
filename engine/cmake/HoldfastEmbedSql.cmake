# holdfast_embed_sql(<variable> <function> <glob>...)
# Sets <variable> to a generated source file that holds the migrations matching the globs, behind the fully qualified
# <function>, in the order of their names:  std::span<const holdfast::store::postgres::EmbeddedMigration> f();
set(HOLDFAST_EMBED_SCRIPT "${CMAKE_CURRENT_LIST_DIR}/embed_sql_script.cmake")

function(holdfast_embed_sql variable function)
  file(GLOB files CONFIGURE_DEPENDS ${ARGN})
  list(SORT files)
  string(MAKE_C_IDENTIFIER "${function}" stem)
  set(generated "${CMAKE_CURRENT_BINARY_DIR}/${stem}.cpp")
  string(REPLACE ";" "|" file_list "${files}")
  # The list is an input too: a file that is added or removed must regenerate.
  file(CONFIGURE OUTPUT "${generated}.list" CONTENT "@file_list@\n" @ONLY)
  add_custom_command(
    OUTPUT "${generated}"
    COMMAND "${CMAKE_COMMAND}" "-DFUNCTION=${function}" "-DFILES=${file_list}" "-DOUTPUT=${generated}"
            -P "${HOLDFAST_EMBED_SCRIPT}"
    DEPENDS ${files} "${generated}.list" "${HOLDFAST_EMBED_SCRIPT}"
    COMMENT "Embedding ${function}"
    VERBATIM)
  set(${variable} "${generated}" PARENT_SCOPE)
endfunction()
