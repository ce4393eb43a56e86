// The normalisation before linear layers.

#pragma once
#include "linear.h"

// The sum of f over the elements of a row, by four vectors at a time, so that one addition need not wait for another.
template <class Function> static inline float sum_over(const float *x, int64_t width, Function f) {
    Vec sums[4] = {};
    int64_t i = 0;
    for (; i + 4 * W <= width; i += 4 * W)
        for (int k = 0; k < 4; k++) sums[k] += f(load(x + i + k * W));
    for (; i + W <= width; i += W) sums[0] += f(load(x + i));
    float total = sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
    for (; i < width; i++) total += f(x[i]);
    return total;
}

// The mean of a row's channels, 0 for RMSNorm, and the factor 1 / sqrt(variance + eps).
struct RowStatistics {
    float mean, scale;
    RowStatistics(const float *x, int64_t width, bool rms) {
        const float eps = rms ? 1.1920929e-7f : 1e-5f; // the defaults of torch
        const float centre = rms ? 0 : sum_over(x, width, [](auto value) { return value; }) / width;
        const float square = sum_over(x, width, [=](auto value) { return (value - centre) * (value - centre); });
        mean = centre, scale = 1 / std::sqrt(square / width + eps);
    }
};

// LayerNorm, or RMSNorm, of rows of `width` channels that lie `stride` floats apart (0: `width`), without scale and
// shift, which are folded into the layer that follows; the rest of a row becomes 0. inv_std: receives the factor of each
// row, 1 / sqrt(variance + eps), unless null.
static void normalise(const float *x, int64_t rows, int64_t width, float *y, float *inv_std = nullptr,
                      int64_t stride = 0, bool rms = false) {
    int64_t even = width / W * W;
    if (!stride) stride = width;
    for (int64_t r = 0; r < rows; r++, x += stride, y += stride) {
        const auto [mean, scale] = RowStatistics(x, width, rms);
        if (inv_std) inv_std[r] = scale;
        for (int64_t i = 0; i < even; i += W) store(y + i, (load(x + i) - mean) * scale);
        for (int64_t i = even; i < width; i++) y[i] = (x[i] - mean) * scale;
        for (int64_t i = width; i < stride; i++) y[i] = 0;
    }
}

// The same of rows (rows, inputs) of `width` channels, rounded to the 8-bit integers that a layer takes.
static Int8Rows normalise_to_int8(const Linear &layer, const float *x, int64_t rows, int64_t width, bool rms,
                                  Workspace &s) {
    return round_rows(layer, rows, s, [&](int64_t r) {
        const float *row = x + r * layer.inputs;
        const RowStatistics of_row(row, width, rms);
        return [=](int64_t i) { return (load(row + i) - of_row.mean) * of_row.scale; };
    });
}
