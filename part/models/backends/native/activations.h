// GELU and the normal distribution, and the choice among activations.

#pragma once
#include "simd.h"
#ifdef __AVX512F__
#include <immintrin.h>

// Phi(x) - 1/2 for x from 0 to END as SEGMENTS polynomials of degree 4 in the distance from the middle of a segment, each
// through the five Chebyshev points of its segment, which makes it exact to one rounding; the last one is 1/2, as Phi - 1/2 is
// in float32 from there on. Two registers hold all polynomials' coefficients of one power, and one instruction looks up
// that of each lane.
struct NormalTable {
    static constexpr int SEGMENTS = 32, POINTS = 5;
    static constexpr double END = 5.6;
    alignas(64) float coefficients[POINTS][SEGMENTS] = {};
    NormalTable() {
        coefficients[0][SEGMENTS - 1] = 0.5f;
        for (int i = 0; i < SEGMENTS - 1; i++) {
            double t[POINTS], difference[POINTS], c[POINTS] = {};
            for (int k = 0; k < POINTS; k++) {
                t[k] = std::cos((2 * k + 1) * M_PI / (2 * POINTS)) / 2;
                difference[k] = std::erf((i + 0.5 + t[k]) * (END / SEGMENTS) * M_SQRT1_2) / 2;
            }
            for (int order = 1; order < POINTS; order++) // Newton's divided differences
                for (int k = POINTS - 1; k >= order; k--)
                    difference[k] = (difference[k] - difference[k - 1]) / (t[k] - t[k - order]);
            for (int k = POINTS - 1; k >= 0; k--) { // c = c (x - t[k]) + difference[k]
                for (int power = POINTS - 1; power > 0; power--) c[power] = c[power - 1] - t[k] * c[power];
                c[0] = difference[k] - t[k] * c[0];
            }
            for (int power = 0; power < POINTS; power++) coefficients[power][i] = c[power];
        }
    }
};
static const NormalTable NORMAL;

// Phi(|x|) - 1/2, from 0 to 1/2, where Phi is the normal distribution's cumulative distribution function.
static inline Vec half_normal(Vec x) {
    constexpr float SCALE = NormalTable::SEGMENTS / NormalTable::END;
    Vec place = (Vec)((IntVec)x & 0x7FFFFFFF) * SCALE;
    place = place > broadcast(NormalTable::SEGMENTS - 0.5f) ? broadcast(NormalTable::SEGMENTS - 0.5f) : place;
    const IntVec segment = __builtin_convertvector(place, IntVec);
    const Vec t = place - __builtin_convertvector(segment, Vec) - 0.5f;
    const auto coefficient = [&](int power) {
        const float *of_all = NORMAL.coefficients[power];
        return (Vec)_mm512_permutex2var_ps((__m512)load(of_all), (__m512i)segment, (__m512)load(of_all + W));
    };
    Vec half = coefficient(4);
    for (int power = 3; power >= 0; power--) half = half * t + coefficient(power);
    return half;
}
#else
// The same with erf(a) / a as a polynomial of degree 15 in a², fitted at the Chebyshev points of |a| <= 3.92 to 2e-7;
// beyond, erf is 1 in float32 to within one rounding.
static inline Vec half_normal(Vec x) {
    constexpr float END = 3.92f;
    Vec a = (Vec)((IntVec)x & 0x7FFFFFFF) * 0.70710678f;
    a = a > broadcast(END) ? broadcast(END) : a;
    Vec s = a * a * (2 / (END * END)) - 1.f;
    Vec p = broadcast(-0.00093927192f);
    for (float c : {
        0.00212785818f, -0.00104527798f, 0.00182033042f, -0.00817048325f, 0.014343502f,
        -0.0196174901f, 0.029609212f, -0.0435857343f, 0.0584258272f, -0.0739898904f, 0.0905922123f,
        -0.109181854f, 0.134084837f, -0.180108562f, 0.360736809f})
        p = p * s + c;
    return 0.5f * a * p;
}
#endif

// The normal distribution's cumulative distribution function.
static inline Vec normal_cdf(Vec x) {
    const Vec half = half_normal(x);
    return 0.5f + (x < Vec{} ? -half : half);
}

// x Phi(x)
static inline Vec gelu(Vec x) { return (Vec)((IntVec)x & 0x7FFFFFFF) * half_normal(x) + x * 0.5f; }

static inline Vec relu(Vec x) { return x < Vec{} ? Vec{} : x; }

// 1 / (1 + exp(-x))
static inline Vec sigmoid(Vec x) { return 1.f / (1.f + exponential(-(x < broadcast(-87.f) ? broadcast(-87.f) : x))); }

// The function applied to a linear layer's output before it is stored; ACTIVATIONS of packing.py has the same order.
enum Activation { IDENTITY, GELU, RELU, SILU, SIGMOID };
template <Activation activation> static inline Vec activate(Vec x) {
    switch (activation) {
    case GELU: return gelu(x);
    case RELU: return relu(x);
    case SILU: return x * sigmoid(x);
    case SIGMOID: return sigmoid(x);
    default: return x;
    }
}
