// Linear maps of many rows, in tiles that stay in registers, and the norm before them.
//
// A map's weights are packed by forward.py in panels of 32 or 16 outputs, [panel][input][output], so that a panel's row
// is two or one vectors. In bfloat16 two inputs share a float's place: [panel][pair of inputs][output][2].

#pragma once
#include "amx.h"
#include "math.h"
#include <type_traits>
#include <vector>
#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

struct Linear {
    const float *weight, *bias;
    int64_t inputs, outputs, bf16; // outputs: a multiple of W; in bf16 inputs are one too
};

// A matrix: its first number, and how far apart its rows lie.
struct Rows {
    const float *at;
    int64_t stride;
    Rows from(int64_t row) const { return {at + row * stride, stride}; }
};

struct Float32 {
    static inline void add(Vec &sums, Vec x, Vec w) { sums += x * w; }
};

// Two products a place, summed in float32.
struct Bfloat16 {
    static inline void add(Vec &sums, Vec x, Vec w) {
#ifdef __AVX512BF16__
        sums = (Vec)_mm512_dpbf16_ps((__m512)sums, (__m512bh)x, (__m512bh)w);
#endif
    }
};

// y (R, C vectors) = start + x (R, inputs) w (inputs, C vectors). Along a row of x numbers are STEP apart.
template <class Number, Then then, int STEP, int R, int C>
static inline void tile(Rows x, Rows w, int64_t inputs, Rows start, float *y, int64_t stride) {
    Vec sums[R][C];
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++) sums[r][c] = load(start.at + r * start.stride + W * c);
    for (int64_t k = 0; k < inputs; k++, x.at += STEP, w.at += w.stride) {
        Vec row[C];
        for (int c = 0; c < C; c++) row[c] = load(w.at + W * c);
        for (int r = 0; r < R; r++) {
            Vec value = all(x.at[r * x.stride]);
            for (int c = 0; c < C; c++) Number::add(sums[r][c], value, row[c]);
        }
    }
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++) store(y + r * stride + W * c, finished<then>(sums[r][c]));
}

// The same for any number of rows: 8 x 2 vectors of sums leave registers for what is multiplied.
template <class Number, Then then, int STEP, int C>
static inline void panel(Rows x, int64_t rows, Rows w, int64_t inputs, Rows start, float *y, int64_t stride) {
    int64_t r = 0;
    const auto next = [&](auto size) {
        constexpr int R = decltype(size)::value;
        tile<Number, then, STEP, R, C>(x.from(r), w, inputs, start.from(r), y + r * stride, stride);
        r += R;
    };
    while (rows - r >= 8) next(std::integral_constant<int, 8>{});
    if (rows - r >= 4) next(std::integral_constant<int, 4>{});
    if (rows - r >= 2) next(std::integral_constant<int, 2>{});
    if (rows - r >= 1) next(std::integral_constant<int, 1>{});
}

// A panel of a map's outputs, the first of them `at`.
template <Then then, int C>
static void map_panel(const Linear &map, int64_t at, const float *x, int64_t rows, float *y, int64_t stride) {
    int64_t words = map.bf16 ? map.inputs / 2 : map.inputs;
    Rows from = {x, words}, weight = {map.weight + at * words, C * W}, bias = {map.bias + at, 0};
#ifdef __AMX_BF16__
    if (map.bf16 && amx && words % W == 0) return amx_panel<then, C>(x, rows, words, weight.at, bias.at, y, stride);
#endif
    if (map.bf16) panel<Bfloat16, then, 1, C>(from, rows, weight, words, bias, y, stride);
    else panel<Float32, then, 1, C>(from, rows, weight, words, bias, y, stride);
}

// float32 to bfloat16, a multiple of W of them.
static void narrow(const float *x, int64_t size, float *y) {
#ifdef __AVX512BF16__
    for (int64_t i = 0; i < size; i += W)
        _mm256_storeu_si256((__m256i *)(y + i / 2), (__m256i)_mm512_cvtneps_pbh((__m512)load(x + i)));
#endif
}

// Room that grows and is used again.
struct Buffers {
    std::vector<float> a, b, state, token, hidden, qkv, mixed, queries, weights, bias, particles, features, narrow,
        asked, slopes;
    float *get(std::vector<float> &v, int64_t size) {
        if ((int64_t)v.size() < size + W) v.resize(size + W);
        return v.data();
    }
    int64_t bytes() const {
        int64_t numbers = 0;
        for (const auto *v : {&a, &b, &state, &token, &hidden, &qkv, &mixed, &queries, &weights, &bias, &particles,
                              &features, &narrow, &asked, &slopes})
            numbers += v->capacity();
        return numbers * sizeof(float);
    }
};

// y (rows, outputs) = x (rows, inputs) through the map; of its outputs only those in [first, last).
template <Then then>
static void apply(const Linear &map, const float *x, int64_t rows, float *y, Buffers &s, int64_t first = 0,
                  int64_t last = -1) {
    if (last < 0) last = map.outputs;
    if (map.bf16) {
        float *narrowed = s.get(s.narrow, (rows + 2 * W) * map.inputs / 2); // tiles are read whole
        narrow(x, rows * map.inputs, narrowed);
        x = narrowed;
    }
    for (int64_t at = first; at < last;)
        if (at + 2 * W <= map.outputs) {
            map_panel<then, 2>(map, at, x, rows, y + at - first, last - first);
            at += 2 * W;
        } else {
            map_panel<then, 1>(map, at, x, rows, y + at - first, last - first);
            at += W;
        }
}

// Rows less their mean, over their spread; weights and shifts are folded into what follows. scales: where each row's
// factor goes, if anywhere.
static void normalise(const float *x, int64_t rows, int64_t width, float *y, float *scales = nullptr) {
    int64_t even = width / W * W;
    for (int64_t r = 0; r < rows; r++, x += width, y += width) {
        Vec sums = {}, squares = {};
        for (int64_t i = 0; i < even; i += W) sums += load(x + i);
        float mean = sum(sums);
        for (int64_t i = even; i < width; i++) mean += x[i];
        mean /= width;
        for (int64_t i = 0; i < even; i += W) squares += (load(x + i) - mean) * (load(x + i) - mean);
        float square = sum(squares);
        for (int64_t i = even; i < width; i++) square += (x[i] - mean) * (x[i] - mean);
        float scale = 1 / std::sqrt(square / width + 1e-5f);
        if (scales) scales[r] = scale;
        for (int64_t i = 0; i < even; i += W) store(y + i, (load(x + i) - mean) * scale);
        for (int64_t i = even; i < width; i++) y[i] = (x[i] - mean) * scale;
    }
}
