// One jet's attention, and what its gradients are.
//
// Shapes: m queries, n keys, D channels, H heads of d channels.

#pragma once
#include "linear.h"

// Attention weights of W queries, in lanes, on n keys (n, W): exponentials in place of the logits, and their sums.
static Vec exponentials(float *weights, int64_t n) {
    Vec top = load(weights), total = {};
    for (int64_t j = 1; j < n; j++) top = load(weights + j * W) > top ? load(weights + j * W) : top;
    for (int64_t j = 0; j < n; j++) {
        Vec e = exponential(load(weights + j * W) - top);
        total += e;
        store(weights + j * W, e);
    }
    return total;
}

// One jet's queries (m, D) on its keys and values (n, D) -> mixed (m, D). bias: [H][n][padded m] or null.
static void attend(int64_t heads, int64_t width, Rows q, int64_t m, Rows k, Rows v, int64_t n, const float *bias,
                   float *mixed, Buffers &s) {
    int64_t d = width / heads;
    float *queries = s.get(s.queries, d * W), *weights = s.get(s.weights, n * W);
    const float nothing[W] = {}, root = 1 / std::sqrt((float)d);
    for (int64_t h = 0; h < heads; h++)
        for (int64_t first = 0; first < m; first += W) {
            int64_t rows = std::min<int64_t>(W, m - first);
            for (int64_t c = 0; c < d; c++)
                for (int64_t i = 0; i < W; i++)
                    queries[c * W + i] = i < rows ? q.at[(first + i) * q.stride + h * d + c] * root : 0;
            Rows start = bias ? Rows{bias + h * n * padded(m) + first, padded(m)} : Rows{nothing, 0};
            panel<Float32, PLAIN, 1, 1>({k.at + h * d, k.stride}, n, {queries, W}, d, start, weights, W);
            Vec scale = 1.f / exponentials(weights, n);
            float *y = mixed + first * width + h * d;
            for (int64_t c = 0; c < d; c += W) {
                Rows values = {v.at + h * d + c, v.stride};
                panel<Float32, PLAIN, W, 1>({weights, 1}, rows, values, n, {nothing, 0}, y + c, width);
            }
            for (int64_t i = 0; i < rows; i++)
                for (int64_t c = 0; c < d; c++) y[i * width + c] *= scale[i];
        }
}

// The same backwards: from the gradient of mixed (m, D) those of queries, keys, values, which lie as these do, and bias
// if there is one. All are added to what is there. Beyond the last query a bias is 0, and so is its gradient.
static void attend_back(int64_t heads, int64_t width, Rows q, int64_t m, Rows k, Rows v, int64_t n, const float *bias,
                        const float *d_mixed, float *d_q, float *d_k, float *d_v, float *d_bias, Buffers &s) {
    int64_t d = width / heads, stride = q.stride;
    float *queries = s.get(s.queries, d * W), *asked = s.get(s.asked, d * W);
    float *weights = s.get(s.weights, n * W), *slopes = s.get(s.slopes, n * W);
    const float nothing[W] = {}, root = 1 / std::sqrt((float)d);
    for (int64_t h = 0; h < heads; h++)
        for (int64_t first = 0; first < m; first += W) {
            int64_t rows = std::min<int64_t>(W, m - first), at = h * d;
            const float *from = q.at + first * stride + at, *given = d_mixed + first * width + at;
            for (int64_t c = 0; c < d; c++)
                for (int64_t i = 0; i < W; i++) {
                    queries[c * W + i] = i < rows ? from[i * stride + c] * root : 0;
                    asked[c * W + i] = i < rows ? given[i * width + c] : 0;
                }
            Rows start = bias ? Rows{bias + h * n * padded(m) + first, padded(m)} : Rows{nothing, 0};
            panel<Float32, PLAIN, 1, 1>({k.at + at, k.stride}, n, {queries, W}, d, start, weights, W);
            panel<Float32, PLAIN, 1, 1>({v.at + at, v.stride}, n, {asked, W}, d, {nothing, 0}, slopes, W);
            Vec scale = 1.f / exponentials(weights, n), mean = {};
            for (int64_t j = 0; j < n; j++) {
                store(weights + j * W, load(weights + j * W) * scale);
                mean += load(weights + j * W) * load(slopes + j * W);
            }
            float *to_bias = d_bias ? d_bias + h * n * padded(m) + first : nullptr;
            for (int64_t j = 0; j < n; j++) {
                Vec slope = load(weights + j * W) * (load(slopes + j * W) - mean);
                if (d_bias) store(to_bias + j * padded(m), load(to_bias + j * padded(m)) + slope);
                store(slopes + j * W, slope * root);
            }
            for (int64_t c = 0; c < d; c += W) {
                float *dq = d_q + first * stride + at + c, *dk = d_k + at + c, *dv = d_v + at + c;
                panel<Float32, PLAIN, W, 1>({slopes, 1}, rows, {k.at + at + c, k.stride}, n, {dq, stride}, dq, stride);
                panel<Float32, PLAIN, 1, 1>({slopes, W}, n, {from + c, stride}, rows, {dk, k.stride}, dk, k.stride);
                panel<Float32, PLAIN, 1, 1>({weights, W}, n, {given + c, width}, rows, {dv, v.stride}, dv, v.stride);
            }
        }
}
