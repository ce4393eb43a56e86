// What every library tells Python about this processor.

#pragma once
#include "linear.h"

// The floats of a vector, to whose multiples outputs are padded.
extern "C" int64_t lanes() { return W; }

// Returns whether this processor multiplies bfloat16 values. To be called before a pass in bf16: it enables AMX.
extern "C" int prepare_bf16() {
#ifdef __AVX512BF16__
    request_amx();
    return 1;
#else
    return 0;
#endif
}

// To be called before a pass in 8-bit integers: it enables AMX.
extern "C" void prepare_int8() { request_amx(); }
