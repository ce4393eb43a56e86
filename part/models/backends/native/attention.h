// The attention of one jet, and its gradients. W queries are computed at a time, one in each lane of a vector.
//
// Shapes: m queries, n keys, D channels, H heads of d = D / H channels.

#pragma once
#include "linear.h"

// logits (n, W), keys by queries, become exp(logit - largest logit) in place. Returns each query's sum over its keys.
static Vec exponentiate(float *logits, int64_t n) {
    Vec largest = load(logits), total = {};
    for (int64_t j = 1; j < n; j++) largest = load(logits + j * W) > largest ? load(logits + j * W) : largest;
    for (int64_t j = 0; j < n; j++) {
        Vec e = exponential(load(logits + j * W) - largest);
        total += e;
        store(logits + j * W, e);
    }
    return total;
}

// Exchanges rows and lanes of W vectors: blocks of half the size in each step, down to single lanes.
template <int STEP> static inline void transpose(Vec *v) {
    IntVec upper, lower; // the lanes of two vectors, those of the second one counted from W
    for (int l = 0; l < W; l++) upper[l] = l & STEP ? W + l - STEP : l, lower[l] = l & STEP ? W + l : l + STEP;
    for (int i = 0; i < W; i++) {
        if (i & STEP) continue;
        const Vec a = v[i], b = v[i + STEP];
        v[i] = __builtin_shuffle(a, b, upper);
        v[i + STEP] = __builtin_shuffle(a, b, lower);
    }
    if constexpr (STEP > 1) transpose<STEP / 2>(v);
}

// Up to W rows of d channels, `stride` apart, times a factor, to [channel][row]; rows that are missing are 0.
static void rows_to_lanes(const float *x, int64_t rows, int64_t stride, int64_t d, float factor, float *y) {
    for (int64_t c = 0; c < d; c += W) {
        Vec v[W];
        for (int i = 0; i < W; i++) v[i] = i < rows ? load(x + i * stride + c) * factor : Vec{};
        transpose<W / 2>(v);
        for (int i = 0; i < W; i++) store(y + (c + i) * W, v[i]);
    }
}

// logits (n, W), keys by queries, = start + k·q, for keys (n, d) and queries [channel][query]. The queries stay in registers,
// and two sums for each key keep one multiplication from waiting for another.
static void query_key(const float *queries, int64_t d, MatrixView k, int64_t n, MatrixView start, float *logits) {
    constexpr int CHANNELS = W;
    if (!d)
        for (int64_t j = 0; j < n; j++) store(logits + j * W, load(start.data + j * start.stride));
    for (int64_t first = 0; first < d; first += CHANNELS) {
        Vec q[CHANNELS];
        for (int c = 0; c < CHANNELS; c++) q[c] = load(queries + (first + c) * W);
        for (int64_t j = 0; j < n; j++) {
            const float *key = k.data + j * k.stride + first;
            Vec even = load(first ? logits + j * W : start.data + j * start.stride), odd = {};
            for (int c = 0; c < CHANNELS; c += 2) {
                Float32::multiply_add(even, broadcast(key[c]), q[c]);
                Float32::multiply_add(odd, broadcast(key[c + 1]), q[c + 1]);
            }
            store(logits + j * W, even + odd);
        }
    }
}

// Queries (m, D), keys and values (n, D) -> head_output (m, D). bias: [H][n][padded m], or null. Without q.data the bias
// alone makes the logits. root: the factor of q·k.
static void attend(int64_t heads, int64_t width, MatrixView q, int64_t m, MatrixView k, MatrixView v, int64_t n,
                   const float *bias, float *head_output, Workspace &s, float root) {
    int64_t d = width / heads, qk = q.data ? d : 0;
    float *queries = s.get(s.queries, d * W), *weights = s.get(s.weights, n * W);
    const float zeros[W] = {};
    for (int64_t h = 0; h < heads; h++)
        for (int64_t first = 0; first < m; first += W) {
            int64_t rows = std::min<int64_t>(W, m - first);
            rows_to_lanes(q.data + first * q.stride + h * d, rows, q.stride, qk, root, queries);
            MatrixView start = bias ? MatrixView{bias + h * n * padded(m) + first, padded(m)} : MatrixView{zeros, 0};
            query_key(queries, qk, {k.data + h * d, k.stride}, n, start, weights);
            Vec scale = 1.f / exponentiate(weights, n);
            float *y = head_output + first * width + h * d;
            for (int64_t c = 0; c < d; c += W) {
                MatrixView values = {v.data + h * d + c, v.stride};
                panel<Float32, IDENTITY, W, 1>({weights, 1}, rows, values, n, {zeros, 0}, y + c, width);
            }
            for (int64_t i = 0; i < rows; i++)
                for (int64_t c = 0; c < d; c++) y[i * width + c] *= scale[i];
        }
}

// The backward pass of `attend`: from the gradient d_head_output (m, D), the gradients of queries, keys and values,
// strided like these, and of the bias, unless d_bias is null, are added to d_q, d_k, d_v and d_bias. The attention
// weights are computed again. In the lanes beyond the last query the bias and its gradient are 0.
static void attend_backward(int64_t heads, int64_t width, MatrixView q, int64_t m, MatrixView k, MatrixView v,
                            int64_t n, const float *bias, const float *d_head_output, float *d_q, float *d_k,
                            float *d_v, float *d_bias, Workspace &s) {
    int64_t d = width / heads, stride = q.stride;
    float *queries = s.get(s.queries, d * W), *upstream = s.get(s.upstream, d * W); // both [channel][query]
    float *weights = s.get(s.weights, n * W), *d_weights = s.get(s.d_weights, n * W);
    const float zeros[W] = {}, root = 1 / std::sqrt((float)d);
    for (int64_t h = 0; h < heads; h++)
        for (int64_t first = 0; first < m; first += W) {
            int64_t rows = std::min<int64_t>(W, m - first), channel = h * d;
            const float *q_rows = q.data + first * stride + channel, *dy = d_head_output + first * width + channel;
            rows_to_lanes(q_rows, rows, stride, d, root, queries);
            rows_to_lanes(dy, rows, width, d, 1, upstream);
            MatrixView start = bias ? MatrixView{bias + h * n * padded(m) + first, padded(m)} : MatrixView{zeros, 0};
            query_key(queries, d, {k.data + channel, k.stride}, n, start, weights);
            query_key(upstream, d, {v.data + channel, v.stride}, n, {zeros, 0}, d_weights);
            Vec scale = 1.f / exponentiate(weights, n), mean = {};
            for (int64_t j = 0; j < n; j++) {
                store(weights + j * W, load(weights + j * W) * scale);
                mean += load(weights + j * W) * load(d_weights + j * W);
            }
            float *to_bias = d_bias ? d_bias + h * n * padded(m) + first : nullptr;
            for (int64_t j = 0; j < n; j++) {
                Vec d_logit = load(weights + j * W) * (load(d_weights + j * W) - mean);
                if (d_bias) store(to_bias + j * padded(m), load(to_bias + j * padded(m)) + d_logit);
                store(d_weights + j * W, d_logit * root);
            }
            for (int64_t c = 0; c < d; c += W) {
                float *dq = d_q + first * stride + channel + c, *dk = d_k + channel + c, *dv = d_v + channel + c;
                panel<Float32, IDENTITY, W, 1>({d_weights, 1}, rows, {k.data + channel + c, k.stride}, n, {dq, stride},
                                               dq, stride);
                panel<Float32, IDENTITY, 1, 1>({d_weights, W}, n, {q_rows + c, stride}, rows, {dk, k.stride}, dk,
                                               k.stride);
                panel<Float32, IDENTITY, 1, 1>({weights, W}, n, {dy + c, width}, rows, {dv, v.stride}, dv, v.stride);
            }
        }
}
