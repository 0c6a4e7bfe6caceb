// The allocator of the program is jemalloc, which only this file knows. That of glibc made
// requests wait for those of others: whoever freed next tidied up what a large pipeline
// had left, for 5 to 15 ms, while its lock kept the others out (docs/adr/0020).

// See jemalloc(3). Unused memory goes back to the system within a few seconds, by a thread
// of its own, so that no request pays for it. Overridden by the environment variable
// MALLOC_CONF.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "background_thread:true,dirty_decay_ms:2000,muzzy_decay_ms:0";
}
