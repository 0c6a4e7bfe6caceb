# What makes a defect in the binary that people run harder to use: tests/e2e/test_hardening.py
# reads all of it off the file. Included by builds that are optimised and not sanitized.
target_compile_options(trawl_options INTERFACE
  -fPIE -fstack-protector-strong -fstack-clash-protection
  # Functions of libc that copy check the size of what they copy to.
  -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
target_link_options(trawl_options INTERFACE
  -pie
  # All symbols are bound at the start, and the table of them is read-only from then on.
  -Wl,-z,relro,-z,now -Wl,-z,noexecstack)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(trawl_options INTERFACE -fcf-protection=full)
  # The C library's start files do not carry the mark, though they only call us; the linker
  # would leave it out.
  target_link_options(trawl_options INTERFACE -Wl,-z,ibt -Wl,-z,shstk)
endif()
# The libraries are those of the system, so that there is no path to look for them in.
set(CMAKE_SKIP_RPATH ON)
