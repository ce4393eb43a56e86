// Vectors of W float32 lanes and the elementary functions of the network on them.
//
// The types are gcc's vector extensions, so the same source runs on AVX-512, AVX2 and ARM. A vector is as wide as a
// register: gcc keeps wider ones in memory, which is ten times slower.

#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>

#ifdef __AVX512F__
constexpr int W = 16; // lanes of a vector
#else
constexpr int W = 8;
#endif
typedef float Vec __attribute__((vector_size(4 * W), aligned(4)));
typedef int32_t IntVec __attribute__((vector_size(4 * W), aligned(4)));

// The next multiple of W.
static inline int64_t padded(int64_t n) { return (n + W - 1) / W * W; }
static inline Vec load(const float *p) { return *(const Vec *)p; }
static inline void store(float *p, Vec v) { *(Vec *)p = v; }
static inline Vec broadcast(float x) { return x - Vec{}; }

static inline float sum(Vec v) {
    typedef float Four __attribute__((vector_size(16), aligned(4)));
    const Four *fours = (const Four *)&v;
    Four total = fours[0] + fours[1];
    for (int i = 2; i < W / 4; i++) total += fours[i];
    return (total[0] + total[1]) + (total[2] + total[3]);
}

// exp(x) to a relative error of 2e-7, by Cody and Waite's range reduction and a Taylor series.
static inline Vec exponential(Vec x) {
    x = x < broadcast(-87.f) ? broadcast(-87.f) : x;
    Vec scaled = x * 1.44269504f + 12582912.f; // adding 1.5 * 2^23 rounds to an integer
    Vec integer = scaled - 12582912.f;
    Vec r = (x - integer * 0.693359375f) + integer * 2.12194440e-4f;
    Vec p = broadcast(1.f / 720);
    for (float c : {1.f / 120, 1.f / 24, 1.f / 6, 0.5f, 1.f, 1.f}) p = p * r + c;
    IntVec power = ((IntVec)scaled - 0x4B400000 + 127) << 23;
    return p * (Vec)power;
}

// ln(x) of normal floats above 0, to 1e-7 (relative where |ln x| > 1, else absolute): x = 2^e m with m between
// sqrt(1/2) and sqrt(2), and ln m = 2 artanh(t) with t = (m - 1) / (m + 1).
static inline Vec logarithm(Vec x) {
    IntVec exponent = ((IntVec)x - 0x3F3504F3) >> 23;
    Vec m = (Vec)((IntVec)x - (exponent << 23)), e = __builtin_convertvector(exponent, Vec);
    Vec t = (m - 1.f) / (m + 1.f), s = t * t;
    Vec p = broadcast(2.f / 9);
    for (float c : {2.f / 7, 2.f / 5, 2.f / 3}) p = p * s + c;
    Vec rest = t * s * p + e * -2.12194440e-4f; // ln 2 is split in two; the first part has few digits, so it is exact
    return e * 0.693359375f + (2.f * t + rest) + (x - x); // x - x is 0, but NaN where x is not finite
}
