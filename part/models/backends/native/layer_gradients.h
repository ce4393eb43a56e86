// The backward passes of a linear layer, a norm and a GELU: from the gradient of their output to that of their input.
//
// A layer's weight gradient is accumulated in a matrix padded to whole vectors, (padded_out, padded_in), which its bias
// gradient (padded_out) follows in memory.

#pragma once
#include "norm.h"
#include <cstring>

// A layer in training: packed for the forward pass, and transposed for the backward pass.
struct PackedLinear {
    Linear forward, backward;
    int64_t inputs, padded_out, padded_in, offset; // offset: of its gradient among all gradients
};

static inline uint16_t round_to_bf16(float x) {
    uint32_t bits;
    std::memcpy(&bits, &x, 4);
    return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
}

// What each thread has for itself. gradient: all gradients of the groups it has processed, summed.
struct Worker {
    Workspace s;
    std::vector<float> dy_bf16, x_bf16;
    float *gradient;
};

// Packs a weight for `apply_linear` (linear.h). Its elements are output_stride apart from output to output and
// input_stride from input to input, so that the same function also packs the transpose. Padding is 0.
static void pack(const float *weight, int64_t outputs, int64_t output_stride, int64_t inputs, int64_t input_stride,
                 Linear &layer, float *to) {
    layer.weight = to;
    int64_t shared = layer.bf16 ? 2 : 1; // inputs in one float's place
    uint16_t *halves = (uint16_t *)to;
    for (int64_t first = 0, columns; first < layer.outputs; first += columns) {
        columns = std::min<int64_t>(2 * W, layer.outputs - first);
        for (int64_t i = 0; i < layer.inputs; i += shared)
            for (int64_t o = first; o < first + columns; o++)
                for (int64_t k = i; k < i + shared; k++) {
                    float value = o < outputs && k < inputs ? weight[o * output_stride + k * input_stride] : 0;
                    if (layer.bf16) *halves++ = round_to_bf16(value);
                    else *to++ = value;
                }
    }
}

// Rows (rows, width) in bfloat16, two rows interleaved into one: the operand layout of an outer product in bfloat16.
static void interleave_rows(const float *x, int64_t rows, int64_t width, float *y) {
#ifdef __AVX512BF16__
    for (int64_t r = 0; r < rows; r += 2, x += 2 * width, y += width)
        for (int64_t i = 0; i < width; i += W) {
            __m512i first = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)load(x + i)));
            Vec next_row = r + 1 < rows ? load(x + width + i) : broadcast(0);
            __m512i second = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)next_row));
            store(y + i, (Vec)_mm512_or_si512(first, _mm512_slli_epi32(second, 16)));
        }
#endif
}

// y (R, C vectors; rows are `stride` apart) += dy (rows, R)ᵀ x (rows, C vectors).
template <class Number, int R, int C>
static inline void outer_product_tile(MatrixView dy, MatrixView x, int64_t rows, float *y, int64_t stride) {
    Vec sums[R][C];
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++) sums[r][c] = load(y + r * stride + W * c);
    for (int64_t k = 0; k < rows; k++, dy.data += dy.stride, x.data += x.stride) {
        Vec row[C];
        for (int c = 0; c < C; c++) row[c] = load(x.data + W * c);
        for (int r = 0; r < R; r++)
            for (int c = 0; c < C; c++) Number::multiply_add(sums[r][c], broadcast(dy.data[r]), row[c]);
    }
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++) store(y + r * stride + W * c, sums[r][c]);
}

// y (outputs, inputs) += dy (rows, outputs)ᵀ x (rows, inputs), where outputs and inputs are padded.
template <class Number>
static void outer_product(MatrixView dy, MatrixView x, int64_t rows, int64_t outputs, int64_t inputs, float *y) {
    int64_t i = 0;
    for (; i + 2 * W <= inputs; i += 2 * W)
        for (int64_t o = 0; o < outputs; o += 8)
            outer_product_tile<Number, 8, 2>({dy.data + o, dy.stride}, {x.data + i, x.stride}, rows,
                                             y + o * inputs + i, inputs);
    for (; i < inputs; i += W)
        for (int64_t o = 0; o < outputs; o += 8)
            outer_product_tile<Number, 8, 1>({dy.data + o, dy.stride}, {x.data + i, x.stride}, rows,
                                             y + o * inputs + i, inputs);
}

// From the gradient dy (rows, padded_out) of a layer's output and its input x (rows, inputs): the gradients of weight
// and bias are added to the worker's, and that of the input is written to dx (rows, padded_in), unless null.
static void linear_backward(const PackedLinear &layer, const float *dy, const float *x, int64_t rows, float *dx,
                            Worker &worker) {
    int64_t outputs = layer.padded_out, inputs = layer.padded_in;
    float *d_weight = worker.gradient + layer.offset, *d_bias = d_weight + outputs * inputs;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t o = 0; o < outputs; o++) d_bias[o] += dy[r * outputs + o];
    if (layer.forward.bf16) {
        int64_t pairs = (rows + 1) / 2;
        float *dy_pairs = worker.s.get(worker.dy_bf16, pairs * outputs);
        float *x_pairs = worker.s.get(worker.x_bf16, pairs * inputs);
        interleave_rows(dy, rows, outputs, dy_pairs);
        interleave_rows(x, rows, inputs, x_pairs);
        outer_product<Bfloat16>({dy_pairs, outputs}, {x_pairs, inputs}, pairs, outputs, inputs, d_weight);
    } else outer_product<Float32>({dy, outputs}, {x, layer.inputs}, rows, outputs, inputs, d_weight);
    if (dx) apply_linear<IDENTITY>(layer.backward, dy, rows, dx, worker.s);
}

// The backward pass of `normalise`: from the gradient dy (rows, padded width) of its output y (rows, width) and each
// row's inv_std, the gradient of its input, which is added to dx (rows, width) or, without `add`, written there.
static void normalise_backward(const float *dy, const float *y, const float *inv_std, int64_t rows, int64_t width,
                               float *dx, bool add) {
    int64_t stride = padded(width), even = width / W * W;
    for (int64_t r = 0; r < rows; r++, dy += stride, y += width, dx += width) {
        Vec sums = {}, products = {};
        for (int64_t i = 0; i < even; i += W) sums += load(dy + i), products += load(dy + i) * load(y + i);
        float mean = sum(sums), projection = sum(products);
        for (int64_t i = even; i < width; i++) mean += dy[i], projection += dy[i] * y[i];
        mean /= width, projection /= width;
        for (int64_t i = 0; i < even; i += W) {
            Vec d = inv_std[r] * (load(dy + i) - mean - load(y + i) * projection);
            store(dx + i, add ? load(dx + i) + d : d);
        }
        for (int64_t i = even; i < width; i++) {
            float d = inv_std[r] * (dy[i] - mean - y[i] * projection);
            dx[i] = add ? dx[i] + d : d;
        }
    }
}

// y = gelu(x), and the derivative replaces x; size is a multiple of W.
static void gelu_forward(float *x, int64_t size, float *y) {
    for (int64_t i = 0; i < size; i += W) {
        Vec value = load(x + i), cdf = normal_cdf(value);
        store(y + i, value * cdf);
        store(x + i, cdf + 0.398942280f * value * exponential(-0.5f * value * value));
    }
}

// dy times the derivative that `gelu_forward` left behind, in place.
static void gelu_backward(const float *derivative, int64_t size, float *dy) {
    for (int64_t i = 0; i < size; i += W) store(dy + i, load(dy + i) * load(derivative + i));
}
