// Linear layers on 8-bit integers: inputs from 0 to 255 times weights from -128 to 127, summed exactly in 32 bits.
//
// A word holds four consecutive inputs of a row, or the four weights that an output has for them. The sums are integers,
// so every processor gets the same ones, whichever instructions it has: matrix tiles (AMX), products of four bytes
// (VNNI), of two 16-bit integers, or plain C++.

#pragma once
#include "amx.h"
#ifdef __AVX2__
#include <immintrin.h>
#endif

typedef uint8_t ByteVec __attribute__((vector_size(W), aligned(1), may_alias));

// sums += the products of four inputs, the same ones in each lane, with four weights in each lane.
static inline void add_products(IntVec &sums, IntVec x, IntVec w) {
#if defined(__AVX512VNNI__)
    sums = (IntVec)_mm512_dpbusd_epi32((__m512i)sums, (__m512i)x, (__m512i)w);
#elif defined(__AVXVNNI__) && !defined(__AVX512F__)
    sums = (IntVec)_mm256_dpbusd_avx_epi32((__m256i)sums, (__m256i)x, (__m256i)w);
#elif defined(__AVX512BW__) || (defined(__AVX2__) && !defined(__AVX512F__))
    // The bytes at even and those at odd places, as 16-bit integers. (The product of bytes that saturates is avoided.)
    typedef int16_t ShortVec __attribute__((vector_size(4 * W), aligned(4)));
    const IntVec even = x & 0x00FF00FF, odd = (IntVec)((ShortVec)x >> 8) & 0x00FF00FF;
    const ShortVec even_w = (ShortVec)w << 8 >> 8, odd_w = (ShortVec)w >> 8;
#ifdef __AVX512BW__
    sums += (IntVec)_mm512_madd_epi16((__m512i)even, (__m512i)even_w);
    sums += (IntVec)_mm512_madd_epi16((__m512i)odd, (__m512i)odd_w);
#else
    sums += (IntVec)_mm256_madd_epi16((__m256i)even, (__m256i)even_w);
    sums += (IntVec)_mm256_madd_epi16((__m256i)odd, (__m256i)odd_w);
#endif
#else
    for (int shift = 0; shift < 32; shift += 8) sums += (x >> shift & 255) * (w << (24 - shift) >> 24);
#endif
}

// sums (R, C vectors) = x (R, words) w (words, C vectors).
template <int R, int C> static inline void int8_tile(const int32_t *x, int64_t words, const int32_t *w, int32_t *sums) {
    IntVec tile[R][C] = {};
    for (int64_t k = 0; k < words; k++, w += C * W)
        for (int r = 0; r < R; r++)
            for (int c = 0; c < C; c++)
                add_products(tile[r][c], x[r * words + k] - IntVec{}, *(const IntVec *)(w + W * c));
#pragma GCC unroll 8
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++) *(IntVec *)(sums + (r * C + c) * W) = tile[r][c];
}

constexpr int64_t INT8_ROWS = 32; // that `int8_products` takes at once

// The same for up to INT8_ROWS rows. x has space for that many.
template <int C>
static void int8_products(const int32_t *x, int64_t rows, int64_t words, const int32_t *w, int32_t *sums) {
#ifdef HAS_AMX
    if (amx_enabled && words % W == 0 && rows > 4) return amx_products<true, C>(x, rows, words, w, sums);
#endif
    constexpr int R = C == 2 && W == 8 ? 4 : 8; // sums and operands fit into 32 registers, or 16
    int64_t r = 0;
    for (; r + R <= rows; r += R) int8_tile<R, C>(x + r * words, words, w, sums + r * C * W);
    for (; r < rows; r++) int8_tile<1, C>(x + r * words, words, w, sums + r * C * W);
}

// The integers that a layer takes, (rows, inputs / 4) words, and, where each row has its own, its scale and the integer
// that stands for 0; else null.
struct Int8Rows {
    const int32_t *words;
    const float *scale;
    const int32_t *zero;
    Int8Rows from_row(int64_t row, int64_t words_of_row) const {
        return {words + row * words_of_row, scale ? scale + row : nullptr, zero ? zero + row : nullptr};
    }
};

// Rounds the values of a row, which `value` returns by vectors, to integers from 0 to 255. y has space for a vector more.
template <class Value> static inline void round_row(Value value, int64_t inputs, uint8_t *y) {
    for (int64_t i = 0; i < inputs; i += W) {
        Vec clipped = value(i);
        clipped = clipped > Vec{} ? clipped : Vec{};
        clipped = clipped < broadcast(255.f) ? clipped : broadcast(255.f);
        const IntVec rounded = (IntVec)(clipped + 12582912.f) - 0x4B400000; // adding 1.5 * 2^23 rounds to an integer
        *(ByteVec *)(y + i) = __builtin_convertvector(rounded, ByteVec);
    }
}

// The same with a scale that the row's own range from the smallest to the largest value, 0 included, fills.
template <class Value>
static inline void scale_and_round_row(Value value, int64_t inputs, uint8_t *y, float &scale, int32_t &zero) {
    Vec low = {}, high = {};
    for (int64_t i = 0; i < inputs; i += W) {
        const Vec v = value(i);
        low = v < low ? v : low;
        high = v > high ? v : high;
    }
    float smallest = 0, largest = 0;
    for (int i = 0; i < W; i++) smallest = std::min(smallest, low[i]), largest = std::max(largest, high[i]);
    scale = std::max((largest - smallest) / 255, 1.1920929e-7f); // as torchao does
    const float inverse = 1 / scale, shift = std::nearbyint(-smallest / scale);
    zero = (int32_t)shift;
    round_row([&](int64_t i) { return value(i) * inverse + shift; }, inputs, y);
}

// y (rows, C vectors) = activation((sums + start) * scale + bias); where rows have scales of their own, sums - zero * start
// in place of the sum, and times the scale of the row.
template <Activation activation, int C, bool OWN_SCALES>
__attribute__((noinline)) static void from_int8(const int32_t *sums, int64_t rows, Int8Rows x, const int32_t *start,
                                                const float *scale, const float *bias, float *y, int64_t stride) {
    for (int64_t r = 0; r < rows; r++, y += stride, sums += C * W)
        for (int c = 0; c < C; c++) {
            IntVec first = *(const IntVec *)(start + c * W);
            Vec factor = load(scale + c * W);
            if (OWN_SCALES) first *= -x.zero[r], factor *= x.scale[r];
            const Vec sum = __builtin_convertvector(*(const IntVec *)(sums + c * W) + first, Vec);
            store(y + c * W, activate<activation>(sum * factor + load(bias + c * W)));
        }
}
