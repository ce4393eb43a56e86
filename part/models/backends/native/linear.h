// Linear layers on many rows, in tiles that stay in registers, and the normalisation before them.
//
// A layer's weight is packed (by forward.py for inference, by layer_gradients.h for training) in panels of two
// vectors of outputs or one, [panel][input][output], so that a panel's row is as many vectors. In bfloat16 two inputs share the four
// bytes of a float: [panel][pair of inputs][output][2].

#pragma once
#include "int8.h"
#include <type_traits>
#include <vector>
#if defined(__AVX512F__) || defined(__FMA__)
#include <immintrin.h>
#endif

struct Linear {
    const float *weight, *bias;
    int64_t inputs, outputs, bf16; // outputs are a multiple of W; in bf16 inputs are one too
    int64_t activation;            // what `apply` applies to the outputs, an Activation
    // In 8-bit integers (else null): what an output's sum is multiplied by, after an integer was added to it, and what
    // an input is multiplied by and shifted by before it is rounded. own_scales: whether each row is then scaled by its
    // own range; the integer that is added to a sum is `start` times that of the row.
    const float *scale;
    const int32_t *start;
    const float *input_scale, *input_shift;
    int64_t own_scales;
};

// A matrix in memory: its first element, and the distance between its rows.
struct MatrixView {
    const float *data;
    int64_t stride;
    MatrixView from_row(int64_t row) const { return {data + row * stride, stride}; }
};

// How a tile accumulates products: of float32, or of pairs of bfloat16, which are summed in float32. Left to itself, gcc
// takes a product and a sum in place of a fused multiply-add for some tiles on AMD's processors; results would then
// depend on the number of rows.
struct Float32 {
    static inline void multiply_add(Vec &sums, Vec x, Vec w) {
#if defined(__AVX512F__)
        sums = (Vec)_mm512_fmadd_ps((__m512)x, (__m512)w, (__m512)sums);
#elif defined(__FMA__)
        sums = (Vec)_mm256_fmadd_ps((__m256)x, (__m256)w, (__m256)sums);
#else
        sums += x * w;
#endif
    }
};
struct Bfloat16 {
    static inline void multiply_add(Vec &sums, Vec x, Vec w) {
#ifdef __AVX512BF16__
        sums = (Vec)_mm512_dpbf16_ps((__m512)sums, (__m512bh)x, (__m512bh)w);
#endif
    }
};

// Applies a function to a tile of y (rows, C vectors) in the cache. It is no part of `tile`, whose sums the compiler would
// keep in memory, not in registers, for the sake of a long function after the loop.
template <Activation activation, int C>
__attribute__((noinline)) static void activate_tile(float *y, int64_t rows, int64_t stride) {
    for (int64_t r = 0; r < rows; r++, y += stride)
        for (int c = 0; c < C; c++) store(y + W * c, activate<activation>(load(y + W * c)));
}

// y (R, C vectors) = start + x (R, inputs) w (inputs, C vectors). Consecutive elements of a row of x are STEP apart.
template <class Number, int STEP, int R, int C>
static inline void tile(MatrixView x, MatrixView w, int64_t inputs, MatrixView start, float *y, int64_t stride) {
    Vec sums[R][C];
#pragma GCC unroll 8 // else gcc fills and empties the registers by way of memory
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
#pragma GCC unroll 8
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++) store(y + r * stride + W * c, sums[r][c]);
}

// The rows of a tile of C vectors. Its sums fill the registers but for those that the operands need: there are 32 of
// them with AVX-512 and on ARM, and 16 with AVX2.
template <int C> constexpr int TILE_ROWS = C == 2 && W == 8 ? 6 : 8;

// The same for any number of rows.
template <class Number, Activation activation, int STEP, int C>
static inline void panel(MatrixView x, int64_t rows, MatrixView w, int64_t inputs, MatrixView start, float *y,
                         int64_t stride) {
    int64_t r = 0;
    const auto next = [&](auto size) {
        constexpr int R = decltype(size)::value;
        tile<Number, STEP, R, C>(x.from_row(r), w, inputs, start.from_row(r), y + r * stride, stride);
        if (activation != IDENTITY) activate_tile<activation, C>(y + r * stride, R, stride);
        r += R;
    };
    while (rows - r >= TILE_ROWS<C>) next(std::integral_constant<int, TILE_ROWS<C>>{});
    if (rows - r >= 4) next(std::integral_constant<int, 4>{});
    if (rows - r >= 2) next(std::integral_constant<int, 2>{});
    if (rows - r >= 1) next(std::integral_constant<int, 1>{});
}

// One panel of a layer's outputs, beginning at output `first`.
template <Activation activation, int C>
static void linear_panel(const Linear &layer, int64_t first, const float *x, int64_t rows, float *y, int64_t stride) {
    int64_t words = layer.bf16 ? layer.inputs / 2 : layer.inputs;
    MatrixView input = {x, words}, weight = {layer.weight + first * words, C * W}, bias = {layer.bias + first, 0};
#ifdef HAS_AMX
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
    std::vector<float> a, b, state, token, hidden, gate, qkv, head_output, queries, weights, bias, slots, slot_bias,
        particles, features, rounded, row_scales, upstream, d_weights;
    float *get(std::vector<float> &v, int64_t size) {
        if ((int64_t)v.size() < size + W) v.resize(size + W);
        return v.data();
    }
    int64_t bytes() const {
        int64_t floats = 0;
        for (const auto *v : {&a, &b, &state, &token, &hidden, &gate, &qkv, &head_output, &queries, &weights, &bias,
                              &slots, &slot_bias, &particles, &features, &rounded, &row_scales, &upstream, &d_weights})
            floats += v->capacity();
        return floats * sizeof(float);
    }
};

// One panel of the outputs of a layer on 8-bit integers.
template <Activation activation, int C>
static void int8_panel(const Linear &layer, int64_t first, Int8Rows x, int64_t rows, float *y) {
    alignas(64) int32_t sums[2][INT8_ROWS * C * W];
    const int64_t words = layer.inputs / 4;
    const auto multiply = [&](int64_t row) {
        const int32_t *weight = (const int32_t *)layer.weight + first * words;
        int8_products<C>(x.words + row * words, std::min(INT8_ROWS, rows - row), words, weight,
                         sums[row / INT8_ROWS % 2]);
    };
    multiply(0);
    for (int64_t row = 0; row < rows; row += INT8_ROWS) {
        if (row + INT8_ROWS < rows) multiply(row + INT8_ROWS); // tiles multiply while the vectors below are computed
        const auto finish = x.scale ? from_int8<activation, C, true> : from_int8<activation, C, false>;
        finish(sums[row / INT8_ROWS % 2], std::min(INT8_ROWS, rows - row), x.from_row(row, words), layer.start + first,
               layer.scale + first, layer.bias + first, y + row * layer.outputs, layer.outputs);
    }
}

// y (rows, outputs) = the outputs of a layer on 8-bit integers for inputs x that are rounded already.
template <Activation activation> static void apply_int8(const Linear &layer, Int8Rows x, int64_t rows, float *y) {
    int64_t output = 0;
    for (; output + 2 * W <= layer.outputs; output += 2 * W)
        int8_panel<activation, 2>(layer, output, x, rows, y + output);
    if (output < layer.outputs) int8_panel<activation, 1>(layer, output, x, rows, y + output);
}

// The inputs of a layer rounded to 8-bit integers; of_row(r) returns a function that gives those of row r by vectors.
template <class OfRow> static Int8Rows round_rows(const Linear &layer, int64_t rows, Workspace &s, OfRow of_row) {
    uint8_t *y = (uint8_t *)s.get(s.rounded, (rows + INT8_ROWS) * layer.inputs / 4);
    float *scale = layer.own_scales ? s.get(s.row_scales, 2 * rows) : nullptr;
    int32_t *zero = (int32_t *)(scale ? scale + rows : nullptr);
    for (int64_t r = 0; r < rows; r++) {
        const auto value = of_row(r);
        const auto scaled = [&](int64_t i) { return value(i) * load(layer.input_scale + i) + load(layer.input_shift + i); };
        uint8_t *row = y + r * layer.inputs; // what is written beyond its end is overwritten by the next row
        if (layer.own_scales) scale_and_round_row(scaled, layer.inputs, row, scale[r], zero[r]);
        else round_row(scaled, layer.inputs, row);
    }
    return {(const int32_t *)y, scale, zero};
}

// y (rows, outputs) = activation(x (rows, inputs) Wᵀ + bias).
template <Activation activation>
static void apply_linear(const Linear &layer, const float *x, int64_t rows, float *y, Workspace &s) {
    if (layer.input_scale) {
        const auto of_row = [&](int64_t r) { return [=](int64_t i) { return load(x + r * layer.inputs + i); }; };
        return apply_int8<activation>(layer, round_rows(layer, rows, s, of_row), rows, y);
    }
    if (layer.bf16) {
        float *rounded = s.get(s.rounded, (rows + 2 * W) * layer.inputs / 2); // AMX reads whole tiles of rows
        to_bf16(x, rows * layer.inputs, rounded);
        x = rounded;
    }
    int64_t output = 0;
    for (; output + 2 * W <= layer.outputs; output += 2 * W)
        linear_panel<activation, 2>(layer, output, x, rows, y + output, layer.outputs);
    if (output < layer.outputs) linear_panel<activation, 1>(layer, output, x, rows, y + output, layer.outputs);
}

// Calls a function with the activation that a layer itself names.
template <class Function> static void with_activation(const Linear &layer, Function function) {
    if (layer.activation == GELU) function(std::integral_constant<Activation, GELU>{});
    else if (layer.activation == RELU) function(std::integral_constant<Activation, RELU>{});
    else function(std::integral_constant<Activation, IDENTITY>{});
}

// The same as `apply_linear` with that activation.
static void apply(const Linear &layer, const float *x, int64_t rows, float *y, Workspace &s) {
    with_activation(layer, [&](auto own) { apply_linear<own>(layer, x, rows, y, s); });
}
