// The two functions of LZ4 that Verilator's FST writer calls, so that a trace needs no library installed.
// The result is a valid LZ4 block: one run of literals, nothing compressed.
#pragma once

#include <cstring>

static inline int LZ4_compressBound(int size) { return size + size / 255 + 16; }

static inline int LZ4_compress_default(const char* source, char* target, int size, int) {
    unsigned char* out = reinterpret_cast<unsigned char*>(target);
    if (size < 15) {
        *out++ = static_cast<unsigned char>(size << 4);
    } else {
        *out++ = 15 << 4;
        int rest = size - 15;
        for (; rest >= 255; rest -= 255) *out++ = 255;
        *out++ = static_cast<unsigned char>(rest);
    }
    std::memcpy(out, source, size);
    return static_cast<int>(out - reinterpret_cast<unsigned char*>(target)) + size;
}
