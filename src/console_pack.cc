// The files of the console, as cmake/pack_files.py packs them, between two symbols. An
// array of numbers would take a compiler seconds and gigabytes; the assembler copies the
// file.
asm(R"(
  .pushsection .rodata
  .balign 16
  .global trawl_console_pack_begin
  .global trawl_console_pack_end
trawl_console_pack_begin:
  .incbin ")" TRAWL_CONSOLE_PACK R"("
trawl_console_pack_end:
  .byte 0
  .popsection
)");
