# Writes a C++ file with the texts of a folder's files:
#   cmake -DNAME=docs_files -DFOLDER=src/api/docs -DOUT=docs_files.cc -P embed.cmake
# It defines trawl::api::NAME(), which api/describe/embedded.h declares.
file(GLOB files LIST_DIRECTORIES false ${FOLDER}/*)
list(SORT files)
set(text "#include \"api/describe/embedded.h\"\n\nnamespace trawl::api {\n\n")
string(APPEND text "std::span<const EmbeddedFile> ${NAME}() {\n")
# Their lengths are known: counting them would be more than a compiler does for a constant.
string(APPEND text "  using namespace std::string_view_literals;\n")
string(APPEND text "  static constexpr EmbeddedFile kFiles[] = {\n")
foreach(file IN LISTS files)
  get_filename_component(name ${file} NAME)
  file(READ ${file} content)
  string(FIND "${content}" ")trawl\"" end)
  if(NOT end EQUAL -1)
    message(FATAL_ERROR "${file} holds )trawl\", which ends the literal that it becomes")
  endif()
  string(APPEND text "      {\"${name}\", R\"trawl(${content})trawl\"sv},\n")
endforeach()
string(APPEND text "  };\n  return kFiles;\n}\n\n}  // namespace trawl::api\n")
file(WRITE ${OUT} "${text}")
