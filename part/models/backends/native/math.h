// Vectors of float32 and the functions that the network takes of them. They are gcc's vectors: the compiler cuts them
// to what the machine has.

#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>

typedef float Vec __attribute__((vector_size(64), aligned(4)));
typedef int32_t Int __attribute__((vector_size(64), aligned(4)));
constexpr int W = 16; // numbers of a vector

static inline int64_t padded(int64_t n) { return (n + W - 1) / W * W; }
static inline Vec load(const float *p) { return *(const Vec *)p; }
static inline void store(float *p, Vec v) { *(Vec *)p = v; }
static inline Vec all(float x) { return Vec{x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }

static inline float sum(Vec v) {
    typedef float Half __attribute__((vector_size(32), aligned(4)));
    typedef float Quarter __attribute__((vector_size(16), aligned(4)));
    Half half = ((Half *)&v)[0] + ((Half *)&v)[1];
    Quarter quarter = ((Quarter *)&half)[0] + ((Quarter *)&half)[1];
    return (quarter[0] + quarter[1]) + (quarter[2] + quarter[3]);
}

// Cody and Waite's reduction and the Taylor series: 2e-7 of the value.
static inline Vec exponential(Vec x) {
    x = x < all(-87.f) ? all(-87.f) : x;
    Vec scaled = x * 1.44269504f + 12582912.f; // adding 1.5 * 2^23 rounds to a whole number
    Vec whole = scaled - 12582912.f;
    Vec r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
    Vec p = all(1.f / 720);
    for (float c : {1.f / 120, 1.f / 24, 1.f / 6, 0.5f, 1.f, 1.f}) p = p * r + c;
    Int power = ((Int)scaled - 0x4B400000 + 127) << 23;
    return p * (Vec)power;
}

// Of normal numbers above 0, to 1e-7 of the value or of 1: x = 2^e m with m between sqrt(1/2) and sqrt(2), and
// ln m = 2 artanh(t) with t = (m - 1) / (m + 1).
static inline Vec logarithm(Vec x) {
    Int exponent = ((Int)x - 0x3F3504F3) >> 23;
    Vec m = (Vec)((Int)x - (exponent << 23)), e = __builtin_convertvector(exponent, Vec);
    Vec t = (m - 1.f) / (m + 1.f), s = t * t;
    Vec p = all(2.f / 9);
    for (float c : {2.f / 7, 2.f / 5, 2.f / 3}) p = p * s + c;
    Vec rest = t * s * p + e * -2.12194440e-4f; // ln 2 in two parts, the first of few digits, so that it is exact
    return e * 0.693359375f + (2.f * t + rest) + (x - x); // the last is 0, unless x is no number
}

// The normal distribution's integral. erf(a) / a is a polynomial in a² of degree 15, fitted at the Chebyshev points of
// |a| <= 3.92, which is erf to 2e-7; beyond, float32 has it at 1 nearly.
static inline Vec normal(Vec x) {
    constexpr float END = 3.92f;
    Vec a = x * 0.70710678f;
    a = a > all(END) ? all(END) : a;
    a = a < all(-END) ? all(-END) : a;
    Vec s = a * a * (2 / (END * END)) - 1.f;
    Vec p = all(-0.00093927192f);
    for (float c : {
        0.00212785818f, -0.00104527798f, 0.00182033042f, -0.00817048325f, 0.014343502f,
        -0.0196174901f, 0.029609212f, -0.0435857343f, 0.0584258272f, -0.0739898904f, 0.0905922123f,
        -0.109181854f, 0.134084837f, -0.180108562f, 0.360736809f})
        p = p * s + c;
    return 0.5f + 0.5f * a * p;
}

static inline Vec gelu(Vec x) { return x * normal(x); }

// What follows a linear map.
enum Then { PLAIN, GELU };
template <Then then> static inline Vec finished(Vec x) { return then == GELU ? gelu(x) : x; }
