// Linear layers on many rows, in tiles that stay in registers, and the normalisation before them.
//
// A layer's weight is packed (by forward.py for inference, by layer_gradients.h for training) in panels of 32 or 16
// outputs, [panel][input][output], so that a panel's row is two vectors or one. In bfloat16 two inputs share the four
// bytes of a float: [panel][pair of inputs][output][2].

#pragma once
#include "amx.h"
#include "simd.h"
#include <type_traits>
#include <vector>
#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

struct Linear {
    const float *weight, *bias;
    int64_t inputs, outputs, bf16; // outputs are a multiple of W; in bf16 inputs are one too
    int64_t activation;            // what `apply` applies to the outputs, an Activation
};

// A matrix in memory: its first element, and the distance between its rows.
struct MatrixView {
    const float *data;
    int64_t stride;
    MatrixView from_row(int64_t row) const { return {data + row * stride, stride}; }
};

// How a tile accumulates products: of float32, or of pairs of bfloat16, which are summed in float32.
struct Float32 {
    static inline void multiply_add(Vec &sums, Vec x, Vec w) { sums += x * w; }
};
struct Bfloat16 {
    static inline void multiply_add(Vec &sums, Vec x, Vec w) {
#ifdef __AVX512BF16__
        sums = (Vec)_mm512_dpbf16_ps((__m512)sums, (__m512bh)x, (__m512bh)w);
#endif
    }
};

// y (R, C vectors) = start + x (R, inputs) w (inputs, C vectors). Consecutive elements of a row of x are STEP apart.
template <class Number, Activation activation, int STEP, int R, int C>
static inline void tile(MatrixView x, MatrixView w, int64_t inputs, MatrixView start, float *y, int64_t stride) {
    Vec sums[R][C];
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++) sums[r][c] = load(start.data + r * start.stride + W * c);
    for (int64_t k = 0; k < inputs; k++, x.data += STEP, w.data += w.stride) {
        Vec row[C];
        for (int c = 0; c < C; c++) row[c] = load(w.data + W * c);
        for (int r = 0; r < R; r++) {
            Vec value = broadcast(x.data[r * x.stride]);
            for (int c = 0; c < C; c++) Number::multiply_add(sums[r][c], value, row[c]);
        }
    }
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++) store(y + r * stride + W * c, activate<activation>(sums[r][c]));
}

// The same for any number of rows. A tile of 8 x 2 vectors leaves registers free for the operands.
template <class Number, Activation activation, int STEP, int C>
static inline void panel(MatrixView x, int64_t rows, MatrixView w, int64_t inputs, MatrixView start, float *y,
                         int64_t stride) {
    int64_t r = 0;
    const auto next = [&](auto size) {
        constexpr int R = decltype(size)::value;
        tile<Number, activation, STEP, R, C>(x.from_row(r), w, inputs, start.from_row(r), y + r * stride, stride);
        r += R;
    };
    while (rows - r >= 8) next(std::integral_constant<int, 8>{});
    if (rows - r >= 4) next(std::integral_constant<int, 4>{});
    if (rows - r >= 2) next(std::integral_constant<int, 2>{});
    if (rows - r >= 1) next(std::integral_constant<int, 1>{});
}

// One panel of a layer's outputs, beginning at output `first`.
template <Activation activation, int C>
static void linear_panel(const Linear &layer, int64_t first, const float *x, int64_t rows, float *y, int64_t stride) {
    int64_t words = layer.bf16 ? layer.inputs / 2 : layer.inputs;
    MatrixView input = {x, words}, weight = {layer.weight + first * words, C * W}, bias = {layer.bias + first, 0};
#ifdef __AMX_BF16__
    if (layer.bf16 && amx_enabled && words % W == 0)
        return amx_panel<activation, C>(x, rows, words, weight.data, bias.data, y, stride);
#endif
    if (layer.bf16) panel<Bfloat16, activation, 1, C>(input, rows, weight, words, bias, y, stride);
    else panel<Float32, activation, 1, C>(input, rows, weight, words, bias, y, stride);
}

// Rounds float32 to bfloat16; size is a multiple of W.
static void to_bf16(const float *x, int64_t size, float *y) {
#ifdef __AVX512BF16__
    for (int64_t i = 0; i < size; i += W)
        _mm256_storeu_si256((__m256i *)(y + i / 2), (__m256i)_mm512_cvtneps_pbh((__m512)load(x + i)));
#endif
}

// A thread's scratch memory, which grows on demand and is reused from group to group.
struct Workspace {
    std::vector<float> a, b, state, token, hidden, qkv, head_output, queries, weights, bias, particles, features, bf16,
        upstream, d_weights;
    float *get(std::vector<float> &v, int64_t size) {
        if ((int64_t)v.size() < size + W) v.resize(size + W);
        return v.data();
    }
    int64_t bytes() const {
        int64_t floats = 0;
        for (const auto *v : {&a, &b, &state, &token, &hidden, &qkv, &head_output, &queries, &weights, &bias,
                              &particles, &features, &bf16, &upstream, &d_weights})
            floats += v->capacity();
        return floats * sizeof(float);
    }
};

// y (rows, outputs) = activation(x (rows, inputs) Wᵀ + bias), for the outputs in [first, last) only.
template <Activation activation>
static void apply_linear(const Linear &layer, const float *x, int64_t rows, float *y, Workspace &s, int64_t first = 0,
                         int64_t last = -1) {
    if (last < 0) last = layer.outputs;
    if (layer.bf16) {
        float *rounded = s.get(s.bf16, (rows + 2 * W) * layer.inputs / 2); // AMX reads whole tiles of rows
        to_bf16(x, rows * layer.inputs, rounded);
        x = rounded;
    }
    for (int64_t output = first; output < last;)
        if (output + 2 * W <= layer.outputs) {
            linear_panel<activation, 2>(layer, output, x, rows, y + output - first, last - first);
            output += 2 * W;
        } else {
            linear_panel<activation, 1>(layer, output, x, rows, y + output - first, last - first);
            output += W;
        }
}

// The same with the activation that the layer itself names, for all outputs.
static void apply(const Linear &layer, const float *x, int64_t rows, float *y, Workspace &s) {
    if (layer.activation == GELU) apply_linear<GELU>(layer, x, rows, y, s);
    else if (layer.activation == RELU) apply_linear<RELU>(layer, x, rows, y, s);
    else apply_linear<IDENTITY>(layer, x, rows, y, s);
}

// LayerNorm without scale and shift, which are folded into the layer that follows. inv_std: receives the factor
// 1 / sqrt(variance + eps) of each row, unless null.
static void normalise(const float *x, int64_t rows, int64_t width, float *y, float *inv_std = nullptr) {
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
        if (inv_std) inv_std[r] = scale;
        for (int64_t i = 0; i < even; i += W) store(y + i, (load(x + i) - mean) * scale);
        for (int64_t i = even; i < width; i++) y[i] = (x[i] - mean) * scale;
    }
}
